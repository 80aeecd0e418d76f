/** API keys for tests, made as an administrator makes them. */
import { API_KEY_SCOPES, type ApiKeyScope } from '#shared/protocol/api-key.ts';
import type { TestGateway } from './open-gateway.ts';

export type AskedKey = {
  readonly accountId: string;
  /** Without them it has all. */
  readonly scopes?: readonly ApiKeyScope[];
  readonly policy?: string;
  readonly expiresInDays?: number;
};

export async function makeTestKey(
  gateway: TestGateway,
  { accountId, scopes = API_KEY_SCOPES, policy, expiresInDays = 30 }: AskedKey,
): Promise<{ readonly id: string; readonly key: string }> {
  const { accessToken: token } = await gateway.signIn();
  const body = { name: 'a script', accountId, scopes, policy, expiresInDays };
  const answer = await gateway.call('POST', '/admin/api-keys', { token, body });
  if (answer.status !== 201) throw new Error(await answer.text());
  return (await answer.json()) as { id: string; key: string };
}

/** The text of a new key. */
export async function createTestKey(gateway: TestGateway, asked: AskedKey): Promise<string> {
  return (await makeTestKey(gateway, asked)).key;
}
