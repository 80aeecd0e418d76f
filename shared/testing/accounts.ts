/**
 * Accounts at a gateway under test, made and asked for through its API. Every test takes accounts of its own,
 * so that tests can share a gateway.
 */
import { randomBytes } from 'node:crypto';
import type { Role } from '#shared/protocol/api.ts';
import type { GatewayUnderTest } from './gateway-under-test.ts';

/** Password of every account that a test makes, and of the gateway's first administrator. */
export const PASSWORD = 'only for this test';
export const ADMIN = 'admin';

export type GatewayAddress = Pick<GatewayUnderTest, 'api'>;
export type Account = { readonly id: string; readonly username: string };

type Question = { readonly method?: string; readonly path: string; readonly body?: unknown };

/** The last token of each account here: a password costs the gateway a fifth of a second of a core. */
const tokens = new Map<string, string>();

async function signIn(api: string, username: string): Promise<string> {
  const login = await fetch(`${api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: PASSWORD }),
  });
  if (!login.ok) throw new Error(`${username} cannot sign in: ${await login.text()}`);
  const { accessToken } = (await login.json()) as { accessToken: string };
  tokens.set(`${api} ${username}`, accessToken);
  return accessToken;
}

/** Asks the gateway as this user, outside any browser. Also gives refusals. */
export async function ask(
  { api }: GatewayAddress,
  username: string,
  { method = 'GET', path, body }: Question,
): Promise<Response> {
  const askWith = (token: string): Promise<Response> =>
    fetch(`${api}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const kept = tokens.get(`${api} ${username}`);
  const answer = kept === undefined ? null : await askWith(kept);
  if (answer !== null && answer.status !== 401) return answer;
  await answer?.body?.cancel();
  return askWith(await signIn(api, username));
}

/** A token for requests that `ask` does not make. */
export const tokenOf = ({ api }: GatewayAddress, username: string): Promise<string> => signIn(api, username);

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
