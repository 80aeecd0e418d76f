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
export type SentKind = (typeof SENT_KINDS)[number];
export type UnsentKind = SentKind | 'draft' | 'decision';

export interface UnsentPlace {
  readonly kind: UnsentKind;
  readonly account: string;
  readonly id: string;
}

export const nameOf = ({ kind, account, id }: UnsentPlace) => `${kind}/${account}/${id}` as const;

export const sealUnsent = async (database: LocalDatabase, name: string, said: unknown): Promise<Sealed> =>
  seal(await deviceKey(database), new TextEncoder().encode(JSON.stringify(said)), name);

/** Keeps what was said, as JSON; replaces what was said before in the same place, and `instead`. */
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

/** Rows as they were opened before: only those that were written since are opened. */
export type OpenedUnsent = Map<string, { readonly value: Sealed; readonly said: unknown }>;

/** All of this kind and account, in no order; skips one that cannot be opened. */
export async function keptUnsent(
  database: LocalDatabase,
  { kind, account }: Omit<UnsentPlace, 'id'>,
  opened: OpenedUnsent = new Map(),
): Promise<unknown[]> {
  const key = await deviceKey(database);
  const start = nameOf({ kind, account, id: '' });
  const rows = await database.device.where('name').startsWith(start).toArray();
  const read = async ({ name, value }: (typeof rows)[number]): Promise<unknown> => {
    const before = opened.get(name);
    if (before && isSameRow(before.value, value as Sealed)) return before.said;
    const said: unknown = JSON.parse(new TextDecoder().decode(await open(key, value as Sealed, name)));
    opened.set(name, { value: value as Sealed, said });
    return said;
  };
  const there = new Set<string>(rows.map(({ name }) => name));
  for (const name of opened.keys()) if (name.startsWith(start) && !there.has(name)) opened.delete(name);
  const all = await Promise.allSettled(rows.map(read));
  return all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** Each writing has a vector of its own, so that two of the same words differ. */
export const isSameRow = (one: Sealed, other: Sealed): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at]);

/** All that waits to be sent, as `keptUnsent` gives it. */
export const keptToSend = async (
  database: LocalDatabase,
  account: string,
  opened: OpenedUnsent,
): Promise<unknown[]> =>
  (await Promise.all(SENT_KINDS.map((kind) => keptUnsent(database, { kind, account }, opened)))).flat();

/** Rows that wait to be sent; of all accounts where `account` is null. */
export function rowsToSend(database: LocalDatabase, account: string | null) {
  const names = SENT_KINDS.map((kind) => (account === null ? `${kind}/` : nameOf({ kind, account, id: '' })));
  return database.device.where('name').startsWithAnyOf(names);
}

/** Counts what waits to be sent; of all accounts where `account` is null. */
export const countUnsent = (database: LocalDatabase, account: string | null): Promise<number> =>
  rowsToSend(database, account).count();

export async function forgetUnsent(database: LocalDatabase, place: UnsentPlace): Promise<void> {
  await database.device.delete(nameOf(place));
}
