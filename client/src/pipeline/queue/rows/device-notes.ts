/**
 * Small notes that the device keeps between sessions: the last known policies, the state of the connection as the
 * leading tab sees it, who is signed in while offline, and the speed of the connection and of this device.
 */
import type { Policy, SealingKey, User } from '#shared/protocol/api.ts';
import type { VaultTerms } from '#shared/protocol/vault.ts';
import type { LocalDatabase } from './local-database.ts';
import type { Link } from '../../../net/link.ts';
import type { Diagnosis } from '../queued-study.ts';

/** How a policy's pseudonyms are made (transfer/patient-secrets.ts). The public parts are in base64url. */
export interface PolicyKeyHere {
  readonly publicKey: string;
  readonly tagKey: string;
  /** The policy's key, which no script can read back. null: this person's device asks the gateway for pseudonyms. */
  readonly held: CryptoKey | null;
}

/** The policies known to the device. */
export interface KnownPolicies {
  readonly policies: readonly Policy[];
  readonly default: string;
  /** By the name of the policy. */
  readonly keys: Readonly<Record<string, PolicyKeyHere>>;
  /** The length of a shift in hours, for which a study's local label is kept; 0: the site wants no labels. */
  readonly labelHours: number;
  /** Minutes without input after which the person is signed out; 0: never. */
  readonly lockMinutes: number;
  /** The gateway's public key, to which waiting parcels are sealed. null: not received yet. */
  readonly sealingKey: SealingKey | null;
  /** The site's vault of identities; null: it has none. */
  readonly vault: VaultTerms | null;
}

export async function knownPolicies(database: LocalDatabase): Promise<KnownPolicies | null> {
  return ((await database.device.get('policies'))?.value as KnownPolicies | undefined) ?? null;
}

/**
 * Both the page and its sender call this, so the database is read first: either may know an older state than the
 * other has stored.
 */
export async function rememberLink(database: LocalDatabase, link: Link): Promise<void> {
  await database.transaction('rw', database.device, async () => {
    if ((await knownLink(database)) !== link) await database.device.put({ name: 'link', value: link });
  });
}

export async function knownLink(database: LocalDatabase): Promise<Link> {
  return ((await database.device.get('link'))?.value as Link | undefined) ?? 'online';
}

/**
 * Stores the signed-in person, for a start without a network; null after signing out. If the person changes, a shift
 * begins at `now` (milliseconds since 1970) and the previous person's local labels are erased.
 */
export async function rememberUser(database: LocalDatabase, user: User | null, now: number): Promise<void> {
  await database.transaction('rw', database.device, database.studies, async () => {
    const before = await knownUser(database);
    await database.device.put({ name: 'account', value: user });
    if (before?.id === user?.id) return;
    await forgetHeldKeys(database);
    await forgetLabels(database);
    await database.device.put({ name: 'shift', value: now });
  });
}

/** When the current person signed in, in milliseconds since 1970; null: nobody did. */
export async function knownShift(database: LocalDatabase): Promise<number | null> {
  return ((await database.device.get('shift'))?.value as number | undefined) ?? null;
}

/** Erases the local labels of all studies: at sign-out, when the screen is locked, and where the site wants none. */
export async function forgetLabels(database: LocalDatabase): Promise<void> {
  await database.studies.filter(({ label }) => label !== undefined).modify((row) => void delete row.label);
}

/** The next person's device may not be allowed to hold keys. The gateway says so when that person signs in. */
async function forgetHeldKeys(database: LocalDatabase): Promise<void> {
  const known = await knownPolicies(database);
  if (known === null) return;
  const keys = Object.fromEntries(
    Object.entries(known.keys).map(([policy, key]) => [policy, { ...key, held: null }]),
  );
  await database.device.put({ name: 'policies', value: { ...known, keys } });
}

export async function knownUser(database: LocalDatabase): Promise<User | null> {
  return ((await database.device.get('account'))?.value as User | null | undefined) ?? null;
}

/** How the last person left. `minutes` is the value in the lock's mark (lock-mark.ts). */
export interface Left {
  readonly minutes: number | null;
}

/** Resolves once the note is on the disk. null: somebody has signed in. */
export async function rememberLeft(database: LocalDatabase, left: Left | null): Promise<void> {
  await database.device.put({ name: 'left', value: left });
}

export async function knownLeft(database: LocalDatabase): Promise<Left | null> {
  return ((await database.device.get('left'))?.value as Left | null | undefined) ?? null;
}

/** A fault between this device and the gateway, as the leading tab sees it. */
export async function rememberDiagnosis(database: LocalDatabase, diagnosis: Diagnosis | null): Promise<void> {
  await database.device.put({ name: 'diagnosis', value: diagnosis });
}

export async function knownDiagnosis(database: LocalDatabase): Promise<Diagnosis | null> {
  return ((await database.device.get('diagnosis'))?.value as Diagnosis | null | undefined) ?? null;
}

type Rate = 'link-rate' | 'coding-rate';

/**
 * The last measured bytes per second: of the connection, measured as bytes leave; of the coding, measured at its
 * input. null: not measured yet.
 */
export async function knownRate(database: LocalDatabase, of: Rate): Promise<number | null> {
  return ((await database.device.get(of))?.value as number | undefined) ?? null;
}

export async function rememberRate(database: LocalDatabase, of: Rate, bytesPerSecond: number): Promise<void> {
  await database.device.put({ name: of, value: bytesPerSecond });
}

/**
 * The random name of this database. It changes when the browser has cleared the database. null before
 * `databaseOrigin` has set it.
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
