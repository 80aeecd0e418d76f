/**
 * Statements of an account that have not reached the gateway: a radiologist's verdicts, one for each result, steps of
 * reviews, drafts of answers, one for each review, and decisions about images before Send. They may name a person, so
 * each lies here under the device's key; the clear part is its kind, the account and the random id of the result, the
 * step, the review or the decision.
 */
import { deviceKey, open, seal } from './device-key.ts';
import type { LocalDatabase, Sealed } from './local-database.ts';

/** Kinds that wait to be sent; a draft, and a decision about a chosen image, wait for their author. */
const SENT_KINDS = ['verdict', 'step'] as const;
export type UnsentKind = (typeof SENT_KINDS)[number] | 'draft' | 'decision';

export interface UnsentPlace {
  readonly kind: UnsentKind;
  readonly account: string;
  readonly id: string;
}

export const nameOf = ({ kind, account, id }: UnsentPlace) => `${kind}/${account}/${id}` as const;

/** Keeps what was said, as JSON; replaces what was said before in the same place. */
export async function keepUnsent(database: LocalDatabase, place: UnsentPlace, said: unknown): Promise<void> {
  const name = nameOf(place);
  const bytes = new TextEncoder().encode(JSON.stringify(said));
  await database.device.put({ name, value: await seal(await deviceKey(database), bytes, name) });
}

/** All of this kind and account, in no order; skips one that cannot be opened. */
export async function keptUnsent(
  database: LocalDatabase,
  { kind, account }: Omit<UnsentPlace, 'id'>,
): Promise<unknown[]> {
  const key = await deviceKey(database);
  const rows = await database.device
    .where('name')
    .startsWith(nameOf({ kind, account, id: '' }))
    .toArray();
  const read = async ({ name, value }: (typeof rows)[number]): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await open(key, value as Sealed, name)));
  const opened = await Promise.allSettled(rows.map(read));
  return opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** Counts what waits to be sent; of all accounts where `account` is null. */
export function countUnsent(database: LocalDatabase, account: string | null): Promise<number> {
  const names = SENT_KINDS.map((kind) => (account === null ? `${kind}/` : nameOf({ kind, account, id: '' })));
  return database.device.where('name').startsWithAnyOf(names).count();
}

export async function forgetUnsent(database: LocalDatabase, place: UnsentPlace): Promise<void> {
  await database.device.delete(nameOf(place));
}
