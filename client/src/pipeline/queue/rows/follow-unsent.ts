/**
 * One unsent statement (unsent.ts), which several tabs may send, replace or discard. Only the row in the database
 * counts. A tab may delete the row that it has read, but never one that was written later.
 */
import { liveQuery } from 'dexie';
import { deviceKey, open } from './device-key.ts';
import type { LocalDatabase, Sealed } from './local-database.ts';
import { isSameRow, nameOf, rowsOf, SENT_KINDS, sealUnsent, type UnsentPlace } from './unsent.ts';

export interface ReadUnsent {
  readonly said: unknown;
  /** Deletes the statement unless any tab has written a later one. */
  forget(): Promise<void>;
  /** Replaces the statement, under the same condition. */
  replace(said: unknown): Promise<void>;
}

/** Reads the current row. null: there is none that can be opened. */
export async function readUnsent(database: LocalDatabase, place: UnsentPlace): Promise<ReadUnsent | null> {
  const name = nameOf(place);
  const row = await database.device.get(name);
  if (!row) return null;
  const sealed = row.value as Sealed;
  const opened = await open(await deviceKey(database), sealed, name).catch(() => null);
  if (!opened) return null;
  const change = (value: Sealed | null) =>
    database.transaction('rw', database.device, async () => {
      const now = await database.device.get(name);
      if (!now || !isSameRow(now.value as Sealed, sealed)) return;
      if (value) await database.device.put({ name, value });
      else await database.device.delete(name);
    });
  return {
    said: JSON.parse(new TextDecoder().decode(opened)),
    forget: () => change(null),
    replace: async (said) => change(await sealUnsent(database, name, said)),
  };
}

/**
 * Calls `onChange` at once, and whenever any tab stores or deletes something that this account has to send; null: any
 * account.
 */
export function watchUnsent(database: LocalDatabase, account: string | null, onChange: () => void): void {
  const rows = rowsOf(database, { kind: SENT_KINDS, account });
  // Without a database nothing is stored, so nothing changes.
  liveQuery(() => rows.toArray()).subscribe({ next: onChange, error: () => undefined });
}
