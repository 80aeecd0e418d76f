/**
 * Accounts at a gateway under test, made and asked for through its API. Every test takes accounts of its own,
 * so that tests can share a gateway.
 */
import { randomBytes } from 'node:crypto';
import type { Role } from '#shared/protocol/api.ts';
import type { GatewayUnderTest } from './gateway-under-test.ts';

/** Of every account that a test makes, and of the gateway's first administrator. */
export const PASSWORD = 'only for this test';
export const ADMIN = 'admin';

export type GatewayAddress = Pick<GatewayUnderTest, 'api'>;
export type Account = { readonly id: string; readonly username: string };

type Question = { readonly method?: string; readonly path: string; readonly body?: unknown };

/** Asks the gateway as this user, outside any browser. Also gives refusals. */
export async function ask(
  { api }: GatewayAddress,
  username: string,
  { method = 'GET', path, body }: Question,
): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const login = await fetch(`${api}/auth/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ username, password: PASSWORD }),
  });
  if (!login.ok) throw new Error(`${username} cannot sign in: ${await login.text()}`);
  const { accessToken } = (await login.json()) as { accessToken: string };
  return fetch(`${api}${path}`, {
    method,
    headers: { ...headers, authorization: `Bearer ${accessToken}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** The gateway's answer to this user; with `put`, that is sent. @throws Error when the gateway refuses. */
export async function askAs<T>(
  gateway: GatewayAddress,
  username: string,
  path: string,
  put?: object,
): Promise<T> {
  const answer = await ask(gateway, username, put ? { method: 'PUT', path, body: put } : { path });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}

/** Somebody new with these roles; `name` begins the user name, which nobody else at this gateway has. */
export async function createAccount(
  gateway: GatewayAddress,
  name: string,
  roles: readonly Role[],
): Promise<Account> {
  const username = `${name}-${randomBytes(4).toString('hex')}`;
  const made = await ask(gateway, ADMIN, {
    method: 'POST',
    path: '/admin/users',
    body: { username, password: PASSWORD, roles },
  });
  if (made.status !== 201) throw new Error(`no account: ${await made.text()}`);
  const { id } = (await made.json()) as { id: string };
  return { id, username };
}
