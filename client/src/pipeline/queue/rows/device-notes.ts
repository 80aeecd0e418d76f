/**
 * Small things the device remembers between visits: the policies it last heard of, the link as the leading
 * tab sees it, whose it is offline, and how fast the link and this device are.
 */
import type { Policy, SealingKey, User } from '#shared/protocol/api.ts';
import type { LocalDatabase } from './local-database.ts';
import type { Link } from '../../../net/link.ts';
import type { Diagnosis } from '../queued-study.ts';

/** What the device knows of policies; the project key cannot be read back by any script. */
export interface KnownPolicies {
  readonly policies: readonly Policy[];
  readonly default: string;
  readonly projectKey: CryptoKey | null;
  readonly projectKeyId: string | null;
  /** The gateway's public key: what waits here is sealed to it. null: never heard of. */
  readonly sealingKey: SealingKey | null;
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
  return ((await database.device.get('account'))?.value as User | null | undefined) ?? null;
}

/** What stands between this device and the gateway and does harm, as the leading tab sees it. */
export async function rememberDiagnosis(database: LocalDatabase, diagnosis: Diagnosis | null): Promise<void> {
  await database.device.put({ name: 'diagnosis', value: diagnosis });
}

export async function knownDiagnosis(database: LocalDatabase): Promise<Diagnosis | null> {
  return ((await database.device.get('diagnosis'))?.value as Diagnosis | null | undefined) ?? null;
}

export type Rate = 'link-rate' | 'coding-rate';

/**
 * Bytes a second, measured last: of the link, of what left; of the coding, of what it was given. null: not
 * measured yet.
 */
export async function knownRate(database: LocalDatabase, of: Rate): Promise<number | null> {
  return ((await database.device.get(of))?.value as number | undefined) ?? null;
}

export async function rememberRate(database: LocalDatabase, of: Rate, bytesPerSecond: number): Promise<void> {
  await database.device.put({ name: of, value: bytesPerSecond });
}

/**
 * The random name of this database: another one after the browser has cleared it. null before
 * `databaseOrigin` gave it one.
 */
export async function knownOrigin(database: LocalDatabase): Promise<string | null> {
  return ((await database.device.get('origin'))?.value as string | undefined) ?? null;
}

export async function databaseOrigin(database: LocalDatabase): Promise<string> {
  return database.transaction('rw', database.device, async () => {
    const kept = await database.device.get('origin');
    if (kept) return kept.value as string;
    const made = crypto.randomUUID();
    await database.device.put({ name: 'origin', value: made });
    return made;
  });
}
