/**
 * Carries out a person's decisions about a queued study: first at the gateway, where it has to know, then on
 * this device.
 */
import type { ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ApiProblem, Unreachable } from '../../../net/api-client.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { contentsOf, deleteParcels, deleteReports, dropStudy } from './drop-study.ts';
import { endAsTakenBack } from './end-as-taken-back.ts';
import { instancesOf, putInstances, recountReasons } from './instance-rows.ts';
import { leaveOutHeld, titleAtEnd } from './keep-held.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';
import { canTakeBack, mayBeCancelled } from './may-be-ended.ts';
import { rememberLink } from './device-notes.ts';
import { announceAgain, retryLock } from './note-announcement.ts';
import { mayBeRetried } from '../may-be-retried.ts';
import type { QueueStore } from '../queued-study.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { toldSince } from './told-since.ts';
import { keyOf, type InstanceKey } from '../upload-queue.ts';

export interface DecisionTools {
  readonly database: LocalDatabase;
  readonly now: () => number;
  /** Whether the browser has a network connection. */
  readonly isOnline: ReadonlySignal<boolean>;
  readonly locks: Pick<LockManager, 'request'>;
  /** Tells the gateway of a person's decision. Throws like the API client. */
  decide(uploadId: string, decision: 'leave-out' | 'retry', instances: readonly InstanceKey[]): Promise<void>;
  /**
   * Tells the gateway that these instances of an announced study will not be sent. May throw: the gateway
   * eventually drops them without being told.
   */
  withdraw(uploadId: string, instances: readonly InstanceKey[]): Promise<void>;
  /** Wakes this tab's uploader, if the tab leads. */
  wake(): void;
}

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

async function takeBack(tools: DecisionTools, id: string): Promise<boolean> {
  const ended = await takeOut(tools, id, canTakeBack);
  if (ended === null) return false;
  if (ended.uploadId !== null)
    await ignoreFailure(tools.withdraw(ended.uploadId, ended.own), FORGETS_BY_ITSELF);
  tools.wake();
  return true;
}

async function cancel(tools: DecisionTools, id: string): Promise<void> {
  const { database } = tools;
  const study = await database.studies.get(id);
  if (!study || !mayBeCancelled(study)) return;
  const own = new Set((await onlyOf(database, study)).map(keyOf));
  const open = (await instancesOf(database, id)).filter(
    (row) => own.has(keyOf(row)) && !row.inPacs && !isInPacs(row.state as InstanceState),
  );
  const undecided = open.filter(isUndecided);
  // Those that wait for a person come last: until it is over, a person may resume it, and would still decide.
  const first = undecided.length < open.length ? open.filter((row) => !isUndecided(row)) : open;
  // Until the gateway knows, nothing is deleted here, and nothing more leaves.
  const { uploadId } = study;
  const isAsked = uploadId !== null && open.length > 0;
  if (isAsked) {
    if (!study.cancelling) {
      await database.studies.update(id, { cancelling: true, paused: true, resumed: undefined });
      tools.wake();
    }
    try {
      await afterRetry(tools, id);
      // A person has resumed it meanwhile.
      if (!(await database.studies.get(id))?.cancelling) return;
      await tools.decide(uploadId, 'leave-out', first.map(toKey));
    } catch (error) {
      if (!(error instanceof Unreachable)) {
        // One that was cancelled earlier is not sent because of an answer that nobody waits for.
        if (!study.cancelling) await keepAsItWas(tools, study);
        else if (isTooLate(error)) await keepAsItWas(tools, { id, paused: false });
        throw error;
      }
      // The queue's store asks again once there is a link.
      if (tools.isOnline.peek()) await rememberLink(database, 'gateway-unreachable');
      return;
    }
  }
  const isStill = (row: StudyRow): boolean => !isOver(row) && (row.cancelling === true || !isAsked);
  if ((await takeOut(tools, id, isStill)) === null) await announceResumed(database, id);
  else if (uploadId !== null && first !== open && undecided.length > 0)
    await ignoreFailure(tools.decide(uploadId, 'leave-out', undecided.map(toKey)), STAYS_UNDECIDED);
  tools.wake();
}

/** On another connection, a retry could arrive later than what is said next: the gateway would send it after all. */
async function afterRetry({ locks }: Pick<DecisionTools, 'locks'>, id: string): Promise<void> {
  await locks.request(retryLock(id), () => undefined);
}

const STAYS_UNDECIDED = 'they wait at the gateway for a decision, in the list of studies';

/** A person resumed it while the question was open: the gateway has left out what is wanted again. */
async function announceResumed(database: LocalDatabase, id: string): Promise<void> {
  await database.studies
    .filter((row) => row.id === id && !isOver(row) && !row.cancelling)
    .modify(announceAgain);
}

/** All of it is at the gateway, so nothing more is sent from here, and it is followed to its end. */
const isTooLate = (error: unknown): boolean =>
  error instanceof ApiProblem && error.code === 'decision-not-possible';

/** The gateway refused to cancel it, and nobody has decided otherwise since. */
async function keepAsItWas(
  { database, wake }: DecisionTools,
  { id, paused, resumed }: Pick<StudyRow, 'id' | 'paused' | 'resumed'>,
): Promise<void> {
  await database.studies
    .where('id')
    .equals(id)
    .modify((row) => {
      if (row.cancelling) Object.assign(row, { cancelling: undefined, paused, resumed });
    });
  wake();
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
    await tools.decide(study.uploadId, 'retry', instances.map(toKey));
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
    await tools.decide(study.uploadId, 'leave-out', chosen.map(toKey));
  await changeInstances(database, id, chosen, { state: 'left-out', reason: 'left-out' });
  await database.studies.update(id, { turn: study.turn + 1 });
  // An instance that the PACS refused for good needs no further answer from the gateway; a quarantined one
  // gets a new receipt.
  const isAnswerAwaited = chosen.some((row) => row.state === 'quarantined');
  if (!isAnswerAwaited && (await undecidedOf(database, id)).length === 0)
    await finish(database, id, tools.now());
  tools.wake();
}

async function dismiss({ database, withdraw }: DecisionTools, id: string): Promise<void> {
  const study = await database.studies.get(id);
  if (!study || !mayBeDismissed(study)) return;
  // A study that is over has no copies here any more: its row, with its receipt, is only hidden.
  if (isOver(study)) return void (await database.studies.update(id, { removed: true }));
  // The gateway still waits for promised instances that have not arrived: tell it that they will not be sent.
  const isPromised = study.state === 'failed' || study.waiting === 'interrupted';
  const own = isPromised ? await onlyOf(database, study) : [];
  await dropStudy(database, id);
  if (own.length > 0 && study.uploadId !== null)
    await ignoreFailure(withdraw(study.uploadId, own), FORGETS_BY_ITSELF);
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

function isOver({ state }: StudyRow): boolean {
  return state === 'done' || state === 'taken-back';
}

/** A study with instances that are held back stays in sight until a person has decided about them. */
function mayBeDismissed(study: StudyRow): boolean {
  if (isOver(study)) return study.state === 'taken-back' || study.held.reasons.length === 0;
  return study.state === 'failed' || study.waiting === 'interrupted';
}

const FORGETS_BY_ITSELF = 'the gateway drops a promise after a while';

/**
 * Ends the study as taken back and deletes its contents here, unless it has moved on: `isStill` checks it in
 * the same transaction. `own`: the instances that no other entry has.
 */
function takeOut(
  { database, now }: DecisionTools,
  id: string,
  isStill: (study: StudyRow) => boolean,
): Promise<{ readonly uploadId: string | null; readonly own: readonly InstanceKey[] } | null> {
  return database.transaction('rw', contentsOf(database), async () => {
    const study = await database.studies.get(id);
    if (!study || !isStill(study)) return null;
    const own = await onlyOf(database, study);
    await endAsTakenBack(database, study, now());
    return { uploadId: study.uploadId, own };
  });
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

const isUndecided = ({ state }: InstanceRow): boolean => state === 'quarantined' || state === 'refused';

/**
 * Ends a study that was only partly queued. After `cancelled` its instances at the gateway are left out, and its row
 * stays like that of any cancelled study, once it may have been announced. After `failed` they stay and only the rest
 * is withdrawn, because the same files will be sent again; its row goes.
 */
export async function giveUpStudy(
  tools: DecisionTools,
  id: string,
  why: 'cancelled' | 'failed',
): Promise<void> {
  const { database, decide, withdraw, now } = tools;
  const study = await database.studies.get(id);
  if (!study) return;
  const own = study.uploadId === null ? [] : await onlyOf(database, study);
  if (why === 'cancelled' && study.named) await endAsTakenBack(database, study, now());
  else await dropStudy(database, id);
  const { uploadId, sending } = study;
  if (uploadId === null || own.length === 0) return;
  const tell = async () => {
    await afterRetry(tools, id);
    await (why === 'cancelled' && sending ? decide(uploadId, 'leave-out', own) : withdraw(uploadId, own));
  };
  await ignoreFailure(tell(), FORGETS_BY_ITSELF);
}

function toKey({ sopInstanceUID, digest }: InstanceKey): InstanceKey {
  return { sopInstanceUID, digest };
}

/** The instances of this entry that no other entry of the same study in the queue has. */
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
    // A study that was taken back was not delivered.
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
