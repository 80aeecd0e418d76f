/**
 * One unsent statement (unsent.ts) that several tabs may send, replace or discard: the row on the device is the only
 * copy that counts. A tab forgets the row that it has read, never one that was written later.
 */
import { liveQuery } from 'dexie';
import { deviceKey, open } from './device-key.ts';
import type { LocalDatabase, Sealed } from './local-database.ts';
import { nameOf, type UnsentPlace } from './unsent.ts';

export interface ReadUnsent {
  readonly said: unknown;
  /** Removes it if it still lies there: a later one of any tab stays. */
  forget(): Promise<void>;
}

/** Reads the row as it is at this moment; null: there is none that can be opened. */
export async function readUnsent(database: LocalDatabase, place: UnsentPlace): Promise<ReadUnsent | null> {
  const name = nameOf(place);
  const row = await database.device.get(name);
  if (!row) return null;
  const sealed = row.value as Sealed;
  const opened = await open(await deviceKey(database), sealed, name).catch(() => null);
  if (!opened) return null;
  return {
    said: JSON.parse(new TextDecoder().decode(opened)),
    forget: () =>
      database.transaction('rw', database.device, async () => {
        const now = await database.device.get(name);
        if (now && isSameRow(now.value as Sealed, sealed)) await database.device.delete(name);
      }),
  };
}

/** Each writing has a vector of its own, so that two of the same words differ. */
const isSameRow = (one: Sealed, other: Sealed): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at]);

/** Calls `onChange` at once, and whenever any tab keeps or forgets one of this kind and account. */
export function watchUnsent(
  database: LocalDatabase,
  { kind, account }: Omit<UnsentPlace, 'id'>,
  onChange: () => void,
): void {
  const rows = database.device.where('name').startsWith(nameOf({ kind, account, id: '' }));
  // Without a database nothing is kept, and nothing changes.
  liveQuery(() => rows.toArray()).subscribe({ next: onChange, error: () => undefined });
}
