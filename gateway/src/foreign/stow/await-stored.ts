/**
 * Waits for a limited time until the PACS has confirmed the instances of a file, or a person has to decide about them.
 */
import { sql } from 'kysely';
import { Problem } from '#shared/protocol/problem.ts';
import { isSettled } from '#shared/protocol/study-state.ts';
import { waitOrWake } from '../../http/wait-or-wake.ts';
import type { PipelineTools } from '../../pipeline/plan/pipeline-tools.ts';
import { findFile, type SentFile } from '../../pipeline/stores/sent-file.store.ts';
import { uploadsOf } from '../../uploads/file-status.ts';
import { shownState } from '../../uploads/upload-status.ts';
import type { StoredInstance } from './stow-answer.ts';

/** The longest wait. DICOMweb clients give up after 30 s or more. */
const PATIENCE_MS = 20_000;
/** A change made by another gateway may not be announced here; it is noticed at the next check. */
const LOOK_AGAIN_MS = 1_000;

/**
 * `file`: with the entries known so far while it is being opened. `stored`: by UID and digest. `isOver`: nothing
 * changes any more unless a person decides.
 */
export type Outcome = {
  readonly file: SentFile;
  readonly stored: ReadonlyMap<string, StoredInstance>;
  readonly isOver: boolean;
};

type Tools = Pick<PipelineTools, 'db' | 'changes'> & { readonly patienceMs?: number };

/** Throws `not-found` if the file is gone, and the signal's reason. */
export async function awaitStored(tools: Tools, fileId: string, signal: AbortSignal): Promise<Outcome> {
  const until = performance.now() + (tools.patienceMs ?? PATIENCE_MS);
  let wake = (): void => undefined;
  let own: ReadonlySet<string> = new Set([fileId]);
  let waitsFor: number | undefined;
  const unsubscribe = tools.changes.subscribe(
    (changedId) => own.has(changedId) && wake(),
    () => wake(),
  );
  try {
    for (;;) {
      // Subscribed before the check, so that no change in between is missed.
      const left = until - performance.now();
      const changed = waitOrWake(Math.max(0, Math.min(left, LOOK_AGAIN_MS)), (resolve) => (wake = resolve));
      if (waitsFor === undefined || left <= 0 || !(await isWaiting(tools, waitsFor))) {
        const { studies, onTheRoad, ...outcome } = await lookAt(tools, fileId);
        own = new Set([fileId, ...studies]);
        if (outcome.isOver || left <= 0) return outcome;
        waitsFor = onTheRoad;
      }
      await changed;
      signal.throwIfAborted();
    }
  } finally {
    unsubscribe();
    wake();
  }
}

/**
 * Whether the instance is still being sent. This is cheaper than checking all of them, and enough for most changes.
 */
async function isWaiting({ db }: Tools, instanceId: number): Promise<boolean> {
  const row = await db.selectFrom('instance').select('state').where('id', '=', instanceId).executeTakeFirst();
  return row !== undefined && !isSettled(row.state);
}

/**
 * `studies`: the studies whose changes may affect the outcome. `onTheRoad`: the last instance that is still being
 * sent.
 */
async function lookAt(
  { db }: Tools,
  fileId: string,
): Promise<Outcome & { readonly studies: readonly string[]; readonly onTheRoad?: number | undefined }> {
  const found = await findFile(db, fileId, null);
  if (found === undefined) throw new Problem('not-found');
  // After a failed run, entries may still end differently.
  const file = found.state !== 'opened' && found.problem !== null ? { ...found, entries: [] } : found;
  const sent = file.entries.flatMap((entry) => (entry.state === 'sent' ? [entry] : []));
  const rows = await db
    .selectFrom('instance')
    .innerJoin('upload_instance as l', 'l.instance_id', 'instance.id')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .select(['instance.sop_instance_uid', 'instance.sop_class_uid', 'instance.digest'])
    .select(['study.study_instance_uid', 'instance.series_instance_uid'])
    .select(['instance.reason', 'instance.pacs_code', 'instance.study_id'])
    .select(['instance.id', 'instance.state as ownState'])
    // An instance may be in the first destination but missing in a required further one.
    .select(shownState.as('state'))
    .where(sql<boolean>`l.upload_id = any(${uploadsOf(file)}::uuid[])`)
    .where(
      sql<boolean>`instance.sop_instance_uid = any(${sent.map(({ sopInstanceUID }) => sopInstanceUID)}::text[])`,
    )
    .execute();
  const stored = new Map(
    rows.map((row): [string, StoredInstance] => [
      `${row.sop_instance_uid} ${row.digest}`,
      {
        studyInstanceUID: row.study_instance_uid,
        seriesInstanceUID: row.series_instance_uid,
        sopInstanceUID: row.sop_instance_uid,
        sopClassUID: row.sop_class_uid,
        digest: row.digest,
        state: row.state,
        reason: row.reason,
        pacsCode: row.pacs_code,
      },
    ]),
  );
  const keys = new Set(sent.map(({ sopInstanceUID, digest }) => `${sopInstanceUID} ${digest}`));
  const isOpened = file.state === 'opened';
  const isOver =
    isOpened &&
    [...keys].every((key) => {
      const instance = stored.get(key);
      // The instance is no longer known, because it was withdrawn.
      return instance === undefined || isSettled(instance.state);
    });
  const onTheRoad = rows.findLast(
    (row) => isOpened && keys.has(`${row.sop_instance_uid} ${row.digest}`) && !isSettled(row.ownState),
  )?.id;
  return { file, stored, isOver, studies: rows.map((row) => row.study_id), onTheRoad };
}
