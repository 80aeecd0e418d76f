/**
 * Carries out a person's decisions about a queued study, first at the gateway if it has to know, then on this device.
 * Ending a study is in end-study.ts.
 */
import { isUidTaken } from '#shared/protocol/reason-kinds.ts';
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { contentsOf, deleteParcels, deleteReports, dropStudy } from './drop-study.ts';
import { instancesOf, putInstances, recountReasons } from './instance-rows.ts';
import { leaveOutHeld, titleAtEnd } from './keep-held.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';
import { cancel, endPromised, isUndecided, takeBack, toKey, type EndingTools } from './end-study.ts';
import { isOver } from './may-be-ended.ts';
import { mayBeRetried } from '../may-be-retried.ts';
import type { QueueStore } from '../queued-study.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { toldSince } from './told-since.ts';
import { keyOf, type InstanceKey } from '../upload-queue.ts';

export type DecisionTools = EndingTools;

export type Decisions = Pick<
  QueueStore,
  | 'takeBack'
  | 'cancel'
  | 'retry'
  | 'tryNow'
  | 'leaveOut'
  | 'leaveOutHeld'
  | 'dismiss'
  | 'putBack'
  | 'noteNotSent'
  | 'noteTold'
>;

export function createDecisions(tools: DecisionTools): Decisions {
  return {
    takeBack: (id) => takeBack(tools, id),
    cancel: (id) => cancel(tools, id),
    retry: (id) => retry(tools, id),
    async tryNow(id) {
      await tools.database.studies
        .where('id')
        .equals(id)
        .modify((row) => {
          row.trouble = null;
          row.turn += 1;
        });
      tools.wake();
    },
    leaveOut: (id, instances) => leaveOut(tools, id, instances),
    async leaveOutHeld(id, reason) {
      await leaveOutHeld(tools.database, id, reason);
      tools.wake();
    },
    dismiss: (id) => dismiss(tools, id),
    putBack: (...ids) => putBack(tools.database, ids),
    noteNotSent: (instances) => noteNotSent(tools.database, instances),
    noteTold: (uploads) => noteTold(tools.database, uploads),
  };
}

async function retry(tools: DecisionTools, id: string): Promise<void> {
  const { database } = tools;
  const study = await database.studies.get(id);
  const state = study && nextUploadState(study.state, 'retry');
  if (!study || !state) return;
  const instances = (await undecidedOf(database, id)).filter((row) =>
    mayBeRetried(row.state, row.reason, row.destination),
  );
  if (study.state === 'attention' && instances.length === 0) return;
  if (study.uploadId !== null && instances.length > 0)
    await tools.decide(study.uploadId, 'retry', instances.map(toKey), study.account);
  await changeInstances(database, id, instances, { state: 'safe', reason: null, destination: null });
  await database.studies.update(id, {
    state,
    turn: study.turn + 1,
    problem: null,
    waiting: null,
    trouble: null,
    counts: null,
    departed: 0,
    acknowledged: 0,
  });
  tools.wake();
}

async function leaveOut(
  tools: DecisionTools,
  id: string,
  instances: readonly InstanceKey[] | undefined,
): Promise<void> {
  const { database } = tools;
  const study = await database.studies.get(id);
  if (!study) return;
  const named = instances === undefined ? null : new Set(instances.map(keyOf));
  const chosen = (await undecidedOf(database, id)).filter((row) => named === null || named.has(keyOf(row)));
  if (study.uploadId !== null && chosen.length > 0)
    await tools.decide(study.uploadId, 'leave-out', chosen.map(toKey), study.account);
  // The receipt will give the same reason: the PACS keeps something else under this UID, whatever a person decides
  // about the instance.
  for (const [reason, rows] of Map.groupBy(chosen, (row) =>
    isUidTaken(row.reason) ? row.reason : 'left-out',
  ))
    await changeInstances(database, id, rows, { state: 'left-out', reason });
  await database.studies.update(id, { turn: study.turn + 1 });
  // The gateway's answer about an instance that the PACS refused for good is already final. A quarantined one gets a
  // new receipt.
  const isAnswerAwaited = chosen.some((row) => row.state === 'quarantined');
  if (!isAnswerAwaited && (await undecidedOf(database, id)).length === 0)
    await finish(database, id, tools.now());
  tools.wake();
}

async function dismiss(tools: DecisionTools, id: string): Promise<void> {
  const { database } = tools;
  // A study that has ended has no copies here any more. Its row and its receipt are only hidden.
  const hidden = await database.studies
    .where('id')
    .equals(id)
    .and((row) => isOver(row) && mayBeDismissed(row))
    .modify({ removed: true });
  if (hidden > 0) return;
  await endPromised(
    tools,
    id,
    (row) => !isOver(row) && mayBeDismissed(row),
    () => dropStudy(database, id),
  );
}

async function putBack(database: LocalDatabase, ids: readonly string[]): Promise<void> {
  await database.studies
    .where('id')
    .anyOf(ids)
    .modify((row) => void delete row.removed);
}

async function noteNotSent(database: LocalDatabase, instances: ReadonlyMap<string, number>): Promise<void> {
  await database.studies
    .where('id')
    .anyOf([...instances.keys()])
    .modify((row) => void Object.assign(row, { noted: instances.get(row.id) }));
}

async function noteTold(
  database: LocalDatabase,
  uploads: ReadonlyMap<string, SentStudy['uploads']>,
): Promise<void> {
  await database.studies
    .where('id')
    .anyOf([...uploads.keys()])
    .modify((row) => {
      if (row.state === 'taken-back') row.toldSince = toldSince(row, uploads.get(row.id)!);
    });
}

/** A study with held-back instances stays visible until a person has decided about them. */
function mayBeDismissed(study: StudyRow): boolean {
  if (isOver(study)) return study.state === 'taken-back' || study.held.reasons.length === 0;
  return study.state === 'failed' || study.waiting === 'interrupted';
}

async function changeInstances(
  database: LocalDatabase,
  id: string,
  which: readonly InstanceRow[],
  changes: Pick<InstanceRow, 'state' | 'reason' | 'destination'>,
): Promise<void> {
  const chosen = new Set(which.map(keyOf));
  await database.transaction('rw', database.instances, database.studies, async () => {
    const rows = (await instancesOf(database, id)).filter((row) => chosen.has(keyOf(row)));
    await putInstances(
      database,
      rows.map((row) => ({ ...row, ...changes })),
    );
    await recountReasons(database, id);
  });
}

async function undecidedOf(database: LocalDatabase, id: string): Promise<InstanceRow[]> {
  return (await instancesOf(database, id)).filter(isUndecided);
}

async function finish(database: LocalDatabase, id: string, at: number): Promise<void> {
  await database.transaction('rw', contentsOf(database), async () => {
    const study = await database.studies.get(id);
    // A study that was taken back was not delivered, so it is not completed.
    const state = study?.state === 'attention' ? nextUploadState(study.state, 'evicted') : null;
    if (!study || !state) return;
    await database.studies.update(id, {
      state,
      packing: false,
      title: titleAtEnd(study),
      vault: undefined,
      waiting: null,
      trouble: null,
      completedAt: at,
    });
    await deleteParcels(database, id);
    await deleteReports(database, id);
  });
}
