/**
 * Ends a queued study. One of which nothing has left is taken back: the gateway has only promises of it, which it drops
 * without being told. One of which bytes may have left is cancelled: it ends here once the gateway has confirmed that
 * it leaves them out, however long that takes.
 */
import type { ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { ApiProblem, OtherAccount, Unreachable } from '../../../net/api-client.ts';
import { keyOf, type InstanceKey } from '../upload-queue.ts';
import { rememberLink } from './device-notes.ts';
import { contentsOf, dropStudy } from './drop-study.ts';
import { endAsTakenBack } from './end-as-taken-back.ts';
import { instancesOf } from './instance-rows.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';
import { canTakeBack, isOver, mayBeCancelled } from './may-be-ended.ts';
import { announceAgain, retryLock } from './note-announcement.ts';

export interface EndingTools {
  readonly database: LocalDatabase;
  readonly now: () => number;
  /** Whether the browser has a network connection. */
  readonly isOnline: ReadonlySignal<boolean>;
  readonly locks: Pick<LockManager, 'request'>;
  /**
   * Tells the gateway of a person's decision. `as`: the study's account; null: whoever is signed in. Throws like the
   * API client, and nothing was asked where another account is signed in.
   */
  decide(
    uploadId: string,
    decision: 'leave-out' | 'retry',
    instances: readonly InstanceKey[],
    as: string | null,
  ): Promise<void>;
  /**
   * Tells the gateway that these instances of an announced study will not be sent. May throw: the gateway
   * eventually drops them without being told.
   */
  withdraw(uploadId: string, instances: readonly InstanceKey[], as: string | null): Promise<void>;
  /** Wakes this tab's uploader, if the tab leads. */
  wake(): void;
  readonly later: (work: () => void, ms: number) => void;
}

export async function takeBack(tools: EndingTools, id: string): Promise<boolean> {
  return endPromised(tools, id, canTakeBack, (study) => endAsTakenBack(tools.database, study, tools.now()));
}

/** Until the gateway knows, nothing is deleted here, and nothing more leaves. */
export async function cancel(tools: EndingTools, id: string): Promise<void> {
  const { database } = tools;
  const study = await markCancelling(database, id, mayBeCancelled);
  if (study === null) return;
  if (!study.cancelling) tools.wake();
  try {
    await endAtGateway(tools, id);
  } catch (error) {
    // The queue's store asks again: once this person has signed in, or once there is a link.
    if (isOfSession(error)) return;
    if (error instanceof Unreachable) {
      if (tools.isOnline.peek()) await rememberLink(database, 'gateway-unreachable');
      return;
    }
    if (isForLater(error)) return askLater(tools, id, error.retryAfterMs ?? ASK_AGAIN_MS);
    // A study that was cancelled earlier is not sent because of an answer that nobody waits for.
    if (!study.cancelling) await keepAsItWas(tools, study);
    else if (isTooLate(error)) await keepAsItWas(tools, { id, paused: false });
    throw error;
  }
  tools.wake();
}

/** The session was refused, and not the question: somebody has signed out meanwhile. */
const isOfSession = (error: unknown): boolean =>
  error instanceof OtherAccount || (error instanceof ApiProblem && error.status === 401);

/** The gateway, or what stands before it, is busy or out of order: the same question may succeed. */
const isForLater = (error: unknown): error is ApiProblem =>
  error instanceof ApiProblem &&
  (error.code === null ? error.status >= 500 : PROBLEMS[error.code].retry === 'later');

/** Where the answer does not say when: nobody waits before the screen for it. */
const ASK_AGAIN_MS = 30_000;
/** The studies that are asked about later, in this tab: each once. */
const asking = new WeakMap<LocalDatabase, Set<string>>();

/** Unless a person has resumed it by then. */
function askLater(tools: EndingTools, id: string, ms: number): void {
  const { database, later } = tools;
  const ids = asking.get(database) ?? new Set<string>();
  if (ids.has(id)) return;
  asking.set(database, ids.add(id));
  const ask = async () => {
    ids.delete(id);
    if ((await database.studies.get(id))?.cancelling) await cancel(tools, id);
  };
  later(() => void ignoreFailure(ask(), 'asked again with the next link'), ms);
}

/** Returns the row as it was; null: `mayBe` is not true of it, and nothing was marked. */
function markCancelling(
  database: LocalDatabase,
  id: string,
  mayBe: (study: StudyRow) => boolean,
): Promise<StudyRow | null> {
  return database.transaction('rw', database.studies, async () => {
    const study = await database.studies.get(id);
    if (!study || !mayBe(study)) return null;
    if (!study.cancelling)
      await database.studies.update(id, { cancelling: true, paused: true, resumed: undefined });
    return study;
  });
}

/**
 * Ends a study that is being cancelled, once the gateway has left out what is not in the PACS. Throws what the gateway
 * answers: then nothing is ended.
 */
async function endAtGateway(tools: EndingTools, id: string): Promise<void> {
  const { database } = tools;
  await afterRetry(tools, id);
  for (let isTold = false; ; isTold = true) {
    const asked = await askedOf(database, id);
    // A person has resumed it meanwhile.
    if (asked === null) return isTold ? announceResumed(database, id) : undefined;
    const { study, first, last } = asked;
    const isAll = await leaveOutAtGateway(tools, study, first);
    // An announcement may have been answered meanwhile, with another upload.
    const isStill = (row: StudyRow) => isBeingCancelled(row) && row.uploadId === study.uploadId;
    const end = async (row: StudyRow) => {
      await endAsTakenBack(database, row, tools.now());
      if (!isAll) await database.studies.update(id, { mayStillArrive: true });
    };
    if ((await takeOut(tools, id, isStill, end)) === null) continue;
    await ignoreFailure(leaveOutAtGateway(tools, study, last), STAYS_UNDECIDED);
    return;
  }
}

/**
 * A study that is being cancelled, and what the gateway leaves out of it. `last`: those that wait for a person; until
 * it is over, a person may resume it, and would still decide. null: it is no longer being cancelled.
 */
function askedOf(database: LocalDatabase, id: string) {
  return database.transaction('r', database.studies, database.instances, async () => {
    const study = await database.studies.get(id);
    if (!study || !isBeingCancelled(study)) return null;
    const own = new Set((await onlyOf(database, study)).map(keyOf));
    const open = (await instancesOf(database, id)).filter(
      (row) => own.has(keyOf(row)) && !row.inPacs && !isInPacs(row.state as InstanceState),
    );
    const others = open.filter((row) => !isUndecided(row));
    return others.length > 0
      ? { study, first: others, last: open.filter(isUndecided) }
      : { study, first: open, last: [] };
  });
}

const isBeingCancelled = (study: StudyRow): boolean => study.cancelling === true && mayBeCancelled(study);

/**
 * Under each upload; of one that the gateway does not know there is nothing to leave out. False: one of those from
 * before it was taken over is not the person's to decide, or too late.
 */
async function leaveOutAtGateway(
  { decide }: EndingTools,
  { uploadId, formerUploads = [], account }: StudyRow,
  instances: readonly InstanceRow[],
): Promise<boolean> {
  if (instances.length === 0) return true;
  const keys = instances.map(toKey);
  let isAll = true;
  for (const former of formerUploads) {
    try {
      await decide(former, 'leave-out', keys, account);
    } catch (error) {
      if (!isTooLate(error) && !isUnknown(error)) throw error;
      isAll = false;
    }
  }
  if (uploadId !== null) await decide(uploadId, 'leave-out', keys, account).catch(unlessUnknown);
  return isAll;
}

/** On another connection, a retry could arrive later than what is said next: the gateway would send it after all. */
async function afterRetry({ locks }: Pick<EndingTools, 'locks'>, id: string): Promise<void> {
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

/** An upload of another account is as unknown as one that is not there. */
const isUnknown = (error: unknown): boolean =>
  error instanceof ApiProblem && error.code === 'upload-not-found';

function unlessUnknown(error: unknown): void {
  if (!isUnknown(error)) throw error;
}

/** The gateway refused to cancel it, and nobody has decided otherwise since. */
async function keepAsItWas(
  { database, wake }: EndingTools,
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

/**
 * Ends a study that was only partly queued. After `cancelled` it is taken back, or cancelled; its row stays like that
 * of any such study, once it may have been announced. After `failed` its instances at the gateway stay and only the
 * rest is withdrawn, because the same files will be sent again; its row goes.
 */
export async function giveUpStudy(
  tools: EndingTools,
  id: string,
  why: 'cancelled' | 'failed',
): Promise<void> {
  const { database, now } = tools;
  const drop = () => dropStudy(database, id);
  if (why === 'failed')
    return void (await endPromised(tools, id, (row) => !isOver(row) && !row.cancelling, drop));
  const end = (study: StudyRow) => (study.named ? endAsTakenBack(database, study, now()) : drop());
  if (await endPromised(tools, id, canTakeBack, end)) return;
  // The study can't be sent from here any more: no answer of the gateway brings it back.
  await markCancelling(database, id, (row) => mayBeCancelled({ ...row, cancelling: true }));
  tools.wake();
  await ignoreFailure(cancel(tools, id), 'it stays cancelled: the queue asks again');
}

const FORGETS_BY_ITSELF = 'the gateway drops a promise after a while';

/**
 * Ends a study of which the gateway is to get no more: what it promised and has not sent is withdrawn. False: `isStill`
 * is not true of it.
 */
export async function endPromised(
  tools: EndingTools,
  id: string,
  isStill: (study: StudyRow) => boolean,
  end: (study: StudyRow) => Promise<void>,
): Promise<boolean> {
  const ended = await takeOut(tools, id, isStill, end);
  if (ended === null) return false;
  const { uploadId, own, account } = ended;
  const tell = async (upload: string) => {
    await afterRetry(tools, id);
    await tools.withdraw(upload, own, account);
  };
  if (uploadId !== null && own.length > 0) await ignoreFailure(tell(uploadId), FORGETS_BY_ITSELF);
  tools.wake();
  return true;
}

/**
 * Ends the study with its contents here, unless it has moved on: `isStill` checks it in the same transaction. Returns
 * what the gateway may know of it; `own`: the instances that no other entry has.
 */
function takeOut(
  { database }: EndingTools,
  id: string,
  isStill: (study: StudyRow) => boolean,
  end: (study: StudyRow) => Promise<void>,
): Promise<(Pick<StudyRow, 'uploadId' | 'account'> & { readonly own: readonly InstanceKey[] }) | null> {
  return database.transaction('rw', contentsOf(database), async () => {
    const study = await database.studies.get(id);
    if (!study || !isStill(study)) return null;
    const own = await onlyOf(database, study);
    await end(study);
    return { uploadId: study.uploadId, account: study.account, own };
  });
}

export const isUndecided = ({ state }: InstanceRow): boolean =>
  state === 'quarantined' || state === 'refused';

export function toKey({ sopInstanceUID, digest }: InstanceKey): InstanceKey {
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
