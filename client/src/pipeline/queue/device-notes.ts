/** Small things the device remembers between visits: the policies it last heard of, the link as the leading tab sees it, and whose it is offline. */
import { importProjectKey } from '#shared/deid/pseudonyms.ts';
import type { Policy, PolicyAnswer, User } from '#shared/protocol/api.ts';
import type { LocalDatabase } from './local-database.ts';
import type { Link } from './queued.ts';

/** What the device knows of policies; the project key cannot be read back by any script. */
export interface KnownPolicies {
  readonly policies: readonly Policy[];
  readonly default: string;
  readonly projectKey: CryptoKey | null;
  readonly projectKeyId: string | null;
}

/** Keeps the gateway's answer, so that a study can be taken in while offline. */
export async function rememberPolicies(database: LocalDatabase, answer: PolicyAnswer): Promise<KnownPolicies> {
  const projectKey = answer.projectKey === undefined ? null : await importProjectKey(parseBase64Url(answer.projectKey));
  const known: KnownPolicies = { policies: answer.policies, default: answer.default, projectKey, projectKeyId: answer.projectKeyId ?? null };
  await database.device.put({ name: 'policies', value: known });
  return known;
}

export async function knownPolicies(database: LocalDatabase): Promise<KnownPolicies | null> {
  return ((await database.device.get('policies'))?.value as KnownPolicies | undefined) ?? null;
}

export async function rememberLink(database: LocalDatabase, link: Link): Promise<void> {
  await database.device.put({ name: 'link', value: link });
}

export async function knownLink(database: LocalDatabase): Promise<Link> {
  return ((await database.device.get('link'))?.value as Link | undefined) ?? 'online';
}

/** Who is signed in, for a start without a network; null once they have signed out. */
export async function rememberUser(database: LocalDatabase, user: User | null): Promise<void> {
  await database.device.put({ name: 'account', value: user });
}

export async function knownUser(database: LocalDatabase): Promise<User | null> {
  const value = (await database.device.get('account'))?.value as User | string | null | undefined;
  // Earlier versions kept the id alone.
  return typeof value === 'object' ? value : null;
}

function parseBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
