/**
 * Statements of an account that have not reached the gateway: a radiologist's verdicts (one for each result), steps
 * of reviews, drafts of answers (one for each review), and decisions about images before Send. They may name a
 * person, so each is stored under the device's key. In the clear are only its kind, the account and the random id of
 * the result, step, review or decision.
 */
import { deviceKey, open, seal } from './device-key.ts';
import type { LocalDatabase, Sealed } from './local-database.ts';

/** The kinds that wait to be sent. A draft, and a decision about a chosen image, wait for their author. */
export const SENT_KINDS = ['verdict', 'step'] as const;
export type SentKind = (typeof SENT_KINDS)[number];
type UnsentKind = SentKind | 'draft' | 'decision';

export interface UnsentPlace {
  readonly kind: UnsentKind;
  readonly account: string;
  readonly id: string;
}

export const nameOf = ({ kind, account, id }: UnsentPlace) => `${kind}/${account}/${id}` as const;

export const sealUnsent = async (database: LocalDatabase, name: string, said: unknown): Promise<Sealed> =>
  seal(await deviceKey(database), new TextEncoder().encode(JSON.stringify(said)), name);

/** Stores a statement as JSON. It replaces the previous one in the same place, and the one at `instead`. */
export async function keepUnsent(
  database: LocalDatabase,
  place: UnsentPlace,
  said: unknown,
  instead: readonly UnsentPlace[] = [],
): Promise<void> {
  const name = nameOf(place);
  const value = await sealUnsent(database, name, said);
  await database.transaction('rw', database.device, async () => {
    await database.device.put({ name, value });
    await database.device.bulkDelete(instead.map(nameOf));
  });
}

/** The rows of one kind, or of all kinds that wait to be sent. `account` null: the rows of all accounts. */
type Kept = { readonly kind: UnsentKind | typeof SENT_KINDS; readonly account: string | null };
export const rowsOf = (database: LocalDatabase, { kind, account }: Kept) =>
  database.device
    .where('name')
    .startsWithAnyOf(
      [kind].flat().map((one) => (account === null ? `${one}/` : nameOf({ kind: one, account, id: '' }))),
    );

/** The rows as they were last opened, so that only newly written ones have to be opened. */
export type OpenedUnsent = Map<string, { readonly value: Sealed; readonly said: unknown }>;

/** Returns all of these in no particular order. One that cannot be opened is skipped. */
export async function keptUnsent(
  database: LocalDatabase,
  kept: Kept,
  opened: OpenedUnsent = new Map(),
): Promise<unknown[]> {
  const key = await deviceKey(database);
  const rows = await rowsOf(database, kept).toArray();
  const read = async ({ name, value }: { readonly name: string; readonly value?: unknown }) => {
    const sealed = value as Sealed;
    const before = opened.get(name);
    if (before && isSameRow(before.value, sealed)) return { name, ...before };
    const said: unknown = JSON.parse(new TextDecoder().decode(await open(key, sealed, name)));
    return { name, value: sealed, said };
  };
  const settled = await Promise.allSettled(rows.map(read));
  const all = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  opened.clear();
  for (const { name, ...one } of all) opened.set(name, one);
  return all.map(({ said }) => said);
}

/** Each write uses a fresh initialisation vector, so two rows with the same text differ. */
export const isSameRow = (one: Sealed, other: Sealed): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at]);

/** Counts what waits to be sent. `account` null: for all accounts. */
export const countUnsent = (database: LocalDatabase, account: string | null): Promise<number> =>
  rowsOf(database, { kind: SENT_KINDS, account }).count();

export async function forgetUnsent(database: LocalDatabase, place: UnsentPlace): Promise<void> {
  await database.device.delete(nameOf(place));
}
