/**
 * What a person decides about a queued study, carried out: on this device, and where the gateway has to know,
 * there first.
 */
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { contentsOf, deleteParcels, deleteReports, dropStudy, endAsTakenBack } from './drop-study.ts';
import { instancesOf, putInstances, recountReasons } from './instance-rows.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';
import { mayBeRetried } from '../may-be-retried.ts';
import type { QueueStore } from '../queued-study.ts';
import { keyOf, type InstanceKey } from '../upload-queue.ts';

export interface DecisionTools {
  readonly database: LocalDatabase;
  readonly now: () => number;
  /** Tells the gateway what a person decided. Throws as the API client does. */
  decide(uploadId: string, decision: 'leave-out' | 'retry', instances: readonly InstanceKey[]): Promise<void>;
  /**
   * Tells the gateway that these instances of an announced study will not come. May throw: it forgets by
   * itself.
   */
  withdraw(uploadId: string, instances: readonly InstanceKey[]): Promise<void>;
  /** Wakes the uploader of this tab, if it leads. */
  wake(): void;
}

/** Something of it has left, and it is not all at the gateway: there is something that can be cancelled. */
export function canCancel({ state, sending, waiting }: StudyRow): boolean {
  return sending && waiting !== 'interrupted' && (state === 'safe' || state === 'uploading');
}

export function canTakeBack({ state, sending }: StudyRow): boolean {
  return !sending && nextUploadState(state, 'taken-back') === 'taken-back';
}

export function createDecisions(
  tools: DecisionTools,
): Pick<QueueStore, 'takeBack' | 'cancel' | 'retry' | 'tryNow' | 'leaveOut' | 'dismiss'> {
  const { database } = tools;

  async function changeInstances(
    id: string,
    which: ReadonlySet<string>,
    state: InstanceRow['state'],
    reason: string | null,
  ): Promise<void> {
    await database.transaction('rw', database.instances, database.studies, async () => {
      const rows = (await instancesOf(database, id)).filter((row) => which.has(keyOf(row)));
      await putInstances(
        database,
        rows.map((row) => ({ ...row, state, reason })),
      );
      await recountReasons(database, id);
    });
  }

  async function undecided(id: string): Promise<InstanceRow[]> {
    return (await instancesOf(database, id)).filter(
      (row) => row.state === 'quarantined' || row.state === 'refused',
    );
  }

  /**
   * Ends as taken back, and nothing of it stays here, unless it has moved on: `isStill` looks at it in the
   * transaction that ends it. `own`: what no other entry has as well.
   */
  async function takeOut(
    id: string,
    isStill: (study: StudyRow) => boolean,
  ): Promise<{ readonly uploadId: string | null; readonly own: readonly InstanceKey[] } | null> {
    return database.transaction('rw', contentsOf(database), async () => {
      const study = await database.studies.get(id);
      if (!study || !isStill(study)) return null;
      const own = await onlyOf(database, study);
      await endAsTakenBack(database, study, tools.now());
      return { uploadId: study.uploadId, own };
    });
  }

  return {
    async takeBack(id) {
      const ended = await takeOut(id, canTakeBack);
      if (ended === null) return false;
      if (ended.uploadId !== null) await tools.withdraw(ended.uploadId, ended.own).catch(() => undefined);
      tools.wake();
      return true;
    },

    async cancel(id) {
      const study = await database.studies.get(id);
      if (!study || !canCancel(study)) return;
      const [own, rows] = [
        new Set((await onlyOf(database, study)).map(keyOf)),
        await instancesOf(database, id),
      ];
      const open = rows.filter(
        (row) => own.has(keyOf(row)) && !row.inPacs && !isInPacs(row.state as InstanceState),
      );
      // First there: while the gateway does not know, nothing is deleted here.
      if (study.uploadId !== null && open.length > 0)
        await tools.decide(study.uploadId, 'leave-out', open.map(toKey));
      if ((await takeOut(id, (row) => row.state !== 'done' && row.state !== 'taken-back')) === null) return;
      tools.wake();
    },

    async retry(id) {
      const study = await database.studies.get(id);
      const state = study && nextUploadState(study.state, 'retry');
      if (!study || !state) return;
      const instances = (await undecided(id)).filter((row) => mayBeRetried(row.state, row.reason));
      if (study.uploadId !== null && instances.length > 0)
        await tools.decide(study.uploadId, 'retry', instances.map(toKey));
      await changeInstances(id, new Set(instances.map(keyOf)), 'safe', null);
      const turn = study.turn + 1;
      await database.studies.update(id, {
        state,
        turn,
        problem: null,
        waiting: null,
        trouble: null,
        counts: null,
        departed: 0,
        acknowledged: 0,
        sending: false,
      });
      tools.wake();
    },

    async tryNow(id) {
      await database.studies
        .where('id')
        .equals(id)
        .modify((row) => void Object.assign(row, { trouble: null, turn: row.turn + 1 }));
      tools.wake();
    },

    async leaveOut(id, instances) {
      const study = await database.studies.get(id);
      if (!study) return;
      const named = instances === undefined ? null : new Set(instances.map(keyOf));
      const chosen = (await undecided(id)).filter((row) => named === null || named.has(keyOf(row)));
      const quarantined = chosen.filter((row) => row.state === 'quarantined');
      if (study.uploadId !== null && chosen.length > 0)
        await tools.decide(study.uploadId, 'leave-out', chosen.map(toKey));
      await changeInstances(id, new Set(chosen.map(keyOf)), 'left-out', 'left-out');
      await database.studies.update(id, { turn: study.turn + 1 });
      // What the PACS refused for good needs no further word of the gateway; what was in quarantine gets a
      // new receipt.
      if (quarantined.length === 0 && (await undecided(id)).length === 0)
        await finish(database, id, tools.now());
      tools.wake();
    },

    async dismiss(id) {
      const study = await database.studies.get(id);
      const isOver =
        study &&
        (study.state === 'done' ||
          study.state === 'taken-back' ||
          study.state === 'failed' ||
          study.waiting === 'interrupted');
      if (!isOver) return;
      // What it promised and has not arrived the gateway still waits for: it will not come.
      const own =
        study.state === 'failed' || study.waiting === 'interrupted' ? await onlyOf(database, study) : [];
      await dropStudy(database, id);
      if (own.length > 0 && study.uploadId !== null)
        await tools.withdraw(study.uploadId, own).catch(() => undefined);
    },
  };
}

/**
 * Takes a study that is only half in the queue out of it. What of it is at the gateway is left out when a
 * person cancelled it (`cancelled`); else only the rest is taken back, because the same files will be sent
 * again. A gateway that is not reached forgets by itself.
 */
export async function giveUpStudy(
  { database, decide, withdraw }: DecisionTools,
  id: string,
  why: 'cancelled' | 'failed',
): Promise<void> {
  const study = await database.studies.get(id);
  if (!study) return;
  const own = study.uploadId === null ? [] : await onlyOf(database, study);
  await dropStudy(database, id);
  if (study.uploadId === null || own.length === 0) return;
  const tell =
    why === 'cancelled' && study.sending
      ? decide(study.uploadId, 'leave-out', own)
      : withdraw(study.uploadId, own);
  await tell.catch(() => undefined);
}

function toKey({ sopInstanceUID, digest }: InstanceKey): InstanceKey {
  return { sopInstanceUID, digest };
}

/** The instances of this entry that no other entry of the same study in the queue has as well. */
async function onlyOf(database: LocalDatabase, study: StudyRow): Promise<InstanceKey[]> {
  const own = new Map((await instancesOf(database, study.id)).map((row) => [keyOf(row), toKey(row)]));
  const others = await database.studies
    .filter(
      (row) =>
        row.id !== study.id &&
        row.studyInstanceUID === study.studyInstanceUID &&
        row.waiting !== 'interrupted',
    )
    .toArray();
  for (const other of others) for (const row of await instancesOf(database, other.id)) own.delete(keyOf(row));
  return [...own.values()];
}

async function finish(database: LocalDatabase, id: string, at: number): Promise<void> {
  await database.transaction('rw', contentsOf(database), async () => {
    const study = await database.studies.get(id);
    // What was taken back was never delivered.
    const state = study?.state === 'attention' ? nextUploadState(study.state, 'evicted') : null;
    if (!state) return;
    await database.studies.update(id, { state, packing: false, title: null, completedAt: at });
    await deleteParcels(database, id);
    await deleteReports(database, id);
  });
}
