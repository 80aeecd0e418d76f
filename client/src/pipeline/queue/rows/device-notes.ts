/**
 * Small notes that the device keeps between visits: the last known policies, the link as the leading tab sees
 * it, who is signed in while offline, and the speed of the link and of this device.
 */
import type { Policy, SealingKey, User } from '#shared/protocol/api.ts';
import type { LocalDatabase } from './local-database.ts';
import type { Link } from '../../../net/link.ts';
import type { Diagnosis } from '../queued-study.ts';

/** The policies known to the device. No script can read the project key back. */
export interface KnownPolicies {
  readonly policies: readonly Policy[];
  readonly default: string;
  readonly projectKey: CryptoKey | null;
  readonly projectKeyId: string | null;
  /** The gateway's public key, to which waiting parcels are sealed. null: not received yet. */
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

/** The signed-in person, for a start without a network; null after signing out. */
export async function rememberUser(database: LocalDatabase, user: User | null): Promise<void> {
  await database.device.put({ name: 'account', value: user });
}

export async function knownUser(database: LocalDatabase): Promise<User | null> {
  return ((await database.device.get('account'))?.value as User | null | undefined) ?? null;
}

/** A fault between this device and the gateway, as the leading tab sees it. */
export async function rememberDiagnosis(database: LocalDatabase, diagnosis: Diagnosis | null): Promise<void> {
  await database.device.put({ name: 'diagnosis', value: diagnosis });
}

export async function knownDiagnosis(database: LocalDatabase): Promise<Diagnosis | null> {
  return ((await database.device.get('diagnosis'))?.value as Diagnosis | null | undefined) ?? null;
}

export type Rate = 'link-rate' | 'coding-rate';

/**
 * The last measured bytes per second: of the link, counted as they leave; of the coding, counted at its
 * input. null: not measured yet.
 */
export async function knownRate(database: LocalDatabase, of: Rate): Promise<number | null> {
  return ((await database.device.get(of))?.value as number | undefined) ?? null;
}

export async function rememberRate(database: LocalDatabase, of: Rate, bytesPerSecond: number): Promise<void> {
  await database.device.put({ name: of, value: bytesPerSecond });
}

/**
 * The random name of this database; a new one after the browser has cleared it. null before `databaseOrigin`
 * has set it.
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
