/** For tests: somebody who may sign in, with these roles. */
import * as assert from 'uvu/assert';
import type { Role } from '#shared/protocol/api.ts';
import { PASSWORD } from '#testing/app-under-test.ts';

export async function createUser(api: string, username: string, roles: readonly Role[]): Promise<void> {
  const ask = (path: string, body: unknown, token = '') =>
    fetch(`${api}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
  const { accessToken } = (await (
    await ask('/auth/login', { username: 'admin', password: PASSWORD })
  ).json()) as { accessToken: string };
  assert.is((await ask('/admin/users', { username, password: PASSWORD, roles }, accessToken)).status, 201);
}
