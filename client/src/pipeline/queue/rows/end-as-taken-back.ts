/**
 * Ends a study as taken back: only its row stays here. The row keeps a key of each instance, which tells which other
 * sends of the study contain all of them. Another part of the study does not replace a cancelled one.
 */
import { sumOf } from '../count-reasons.ts';
import { contentsOf, deleteContents } from './drop-study.ts';
import { instancesOf } from './instance-rows.ts';
import type { LocalDatabase, StudyRow } from './local-database.ts';

export async function endAsTakenBack(database: LocalDatabase, study: StudyRow, at: number): Promise<void> {
  await database.transaction('rw', contentsOf(database), async () => {
    // Further instances of the study may have no row yet.
    const keys = study.named ? await keysOf(database, study) : undefined;
    if (keys !== undefined) await noteWithLater(database, study, keys);
    await deleteContents(database, study.id);
    await database.studies.update(study.id, {
      state: 'taken-back',
      packing: false,
      title: null,
      held: { reasons: [], leftOut: study.held.leftOut + sumOf(study.held.reasons) },
      vault: undefined,
      waiting: null,
      trouble: null,
      completedAt: at,
      cancelling: undefined,
      turn: study.turn + 1,
      keys,
    });
  });
}

/** Returns the cancelled sends of the study that `study.holds` should name. Part of the caller's transaction. */
export async function cancelledWithin(database: LocalDatabase, study: StudyRow): Promise<readonly string[]> {
  const cancelled = await database.studies
    .filter((row) => isOfSame(row, study) && row.keys !== undefined)
    .toArray();
  if (cancelled.length === 0) return [];
  const own = new Set(await keysOf(database, study));
  return cancelled.filter(({ keys }) => keys!.every((key) => own.has(key))).map(({ id }) => id);
}

/** Covers a study that was chosen again before it was cancelled. */
async function noteWithLater(database: LocalDatabase, study: StudyRow, keys: Uint32Array): Promise<void> {
  const later = await database.studies
    .filter((row) => isOfSame(row, study) && row.named && row.queuedAt > study.queuedAt)
    .toArray();
  for (const row of later) {
    const held = new Set(await keysOf(database, row));
    if (keys.every((key) => held.has(key)))
      await database.studies.update(row.id, { holds: [...(row.holds ?? []), study.id] });
  }
}

const isOfSame = (row: StudyRow, { id, studyInstanceUID }: StudyRow): boolean =>
  row.id !== id && row.studyInstanceUID === studyInstanceUID;

/** The first 32 bits of each digest, which are enough to tell the instances of one study apart. */
async function keysOf(database: LocalDatabase, { id, keys }: StudyRow): Promise<Uint32Array<ArrayBuffer>> {
  if (keys !== undefined) return keys;
  const rows = await instancesOf(database, id);
  return Uint32Array.from(rows, ({ digest }) => Number.parseInt(digest.slice(0, 8), 16));
}
