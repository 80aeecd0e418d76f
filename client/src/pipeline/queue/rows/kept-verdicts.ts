/**
 * Verdicts of a radiologist that have not reached the gateway: one for each result, for the account that gave it
 * alone. A reason may name a person, so each lies here under the device's key; the clear part is the account and
 * the result's random id.
 */
import { deviceKey, open, seal } from './device-key.ts';
import type { LocalDatabase, Sealed } from './local-database.ts';

export interface VerdictPlace {
  readonly account: string;
  readonly resultId: string;
}

const nameOf = ({ account, resultId }: VerdictPlace) => `verdict/${account}/${resultId}` as const;

/** Keeps what was said, as JSON; replaces an earlier verdict on the same result. */
export async function keepVerdict(
  database: LocalDatabase,
  place: VerdictPlace,
  said: unknown,
): Promise<void> {
  const name = nameOf(place);
  const bytes = new TextEncoder().encode(JSON.stringify(said));
  await database.device.put({ name, value: await seal(await deviceKey(database), bytes, name) });
}

/** The unsent verdicts of this account, in no order; skips a verdict that cannot be opened. */
export async function keptVerdicts(database: LocalDatabase, account: string): Promise<unknown[]> {
  const key = await deviceKey(database);
  const rows = await ofAccount(database, account).toArray();
  const read = async ({ name, value }: (typeof rows)[number]): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await open(key, value as Sealed, name)));
  const opened = await Promise.allSettled(rows.map(read));
  return opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** How many unsent verdicts and steps of reviews (kept-steps.ts) of this account lie here. */
export function countKept(database: LocalDatabase, account: string): Promise<number> {
  const names = ['verdict', 'step'].map((kind) => `${kind}/${account}/`);
  return database.device.where('name').startsWithAnyOf(names).count();
}

const ofAccount = (database: LocalDatabase, account: string) =>
  database.device.where('name').startsWith(nameOf({ account, resultId: '' }));

export async function forgetVerdict(database: LocalDatabase, place: VerdictPlace): Promise<void> {
  await database.device.delete(nameOf(place));
}
