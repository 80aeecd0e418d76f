/**
 * Small notes that the device keeps between visits: the last known policies, the link as the leading tab sees
 * it, who is signed in while offline, and the speed of the link and of this device.
 */
import type { Policy, SealingKey, User } from '#shared/protocol/api.ts';
import type { VaultTerms } from '#shared/protocol/vault.ts';
import type { LocalDatabase } from './local-database.ts';
import type { Link } from '../../../net/link.ts';
import type { Diagnosis } from '../queued-study.ts';

/** How the pseudonyms of a policy are made (transfer/patient-secrets.ts); its public parts in base64url. */
export interface PolicyKeyHere {
  readonly publicKey: string;
  readonly tagKey: string;
  /** The policy's key, which no script can read back; null: this person's device asks the gateway. */
  readonly held: CryptoKey | null;
}

/** The policies known to the device. */
export interface KnownPolicies {
  readonly policies: readonly Policy[];
  readonly default: string;
  /** By the name of the policy. */
  readonly keys: Readonly<Record<string, PolicyKeyHere>>;
  /** How long a shift is, and so the local label of a study is kept, in hours; 0: the site wants no labels. */
  readonly labelHours: number;
  /** After how long without input the person is signed out, in minutes; 0: never. */
  readonly lockMinutes: number;
  /** The gateway's public key, to which waiting parcels are sealed. null: not received yet. */
  readonly sealingKey: SealingKey | null;
  /** The site's vault of identities; null: it has none. */
  readonly vault: VaultTerms | null;
}

export async function knownPolicies(database: LocalDatabase): Promise<KnownPolicies | null> {
  return ((await database.device.get('policies'))?.value as KnownPolicies | undefined) ?? null;
}

/** Heard by the page and by its sender: what one of them knows may be older than what the other has noted since. */
export async function rememberLink(database: LocalDatabase, link: Link): Promise<void> {
  await database.transaction('rw', database.device, async () => {
    if ((await knownLink(database)) !== link) await database.device.put({ name: 'link', value: link });
  });
}

export async function knownLink(database: LocalDatabase): Promise<Link> {
  return ((await database.device.get('link'))?.value as Link | undefined) ?? 'online';
}

/**
 * The signed-in person, for a start without a network; null after signing out. With another person a shift begins
 * at `now` (milliseconds since 1970), and no local label of the one before stays.
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

/** When the signed-in person signed in, in milliseconds since 1970; null: nobody did. */
export async function knownShift(database: LocalDatabase): Promise<number | null> {
  return ((await database.device.get('shift'))?.value as number | undefined) ?? null;
}

/** Erases the local labels of all studies: at sign-out, at lock, and where the site wants none. */
export async function forgetLabels(database: LocalDatabase): Promise<void> {
  await database.studies.filter(({ label }) => label !== undefined).modify((row) => void delete row.label);
}

/** The next person's device may hold none: the gateway says so when they sign in. */
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

/** How the last person left: `minutes` as the mark of the lock has them (lock-mark.ts). */
export interface Left {
  readonly minutes: number | null;
}

/** Resolves once it is on the disk. null: somebody has signed in. */
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
