/**
 * Ends a queued study. If nothing has left, it is taken back: the gateway has only its promises, and drops them
 * without being told. If bytes may have left, it is cancelled: it ends here once the gateway has confirmed that it
 * leaves them out, however long that takes.
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
   * API client. If another account is signed in, it throws without asking.
   */
  decide(
    uploadId: string,
    decision: 'leave-out' | 'retry',
    instances: readonly InstanceKey[],
    as: string | null,
  ): Promise<void>;
  /**
   * Tells the gateway that these instances of an announced study will not be sent. May throw: the gateway eventually
   * drops them anyway.
   */
  withdraw(uploadId: string, instances: readonly InstanceKey[], as: string | null): Promise<void>;
  /** Wakes this tab's uploader, if the tab leads. */
  wake(): void;
  readonly later: (work: () => void, ms: number) => void;
}

export async function takeBack(tools: EndingTools, id: string): Promise<boolean> {
  return endPromised(tools, id, canTakeBack, (study) => endAsTakenBack(tools.database, study, tools.now()));
}

/** Until the gateway has confirmed, nothing is deleted here and nothing more leaves. */
export async function cancel(tools: EndingTools, id: string): Promise<void> {
  const { database } = tools;
  const study = await markCancelling(database, id, mayBeCancelled);
  if (study === null) return;
  if (!study.cancelling) tools.wake();
  try {
    await endAtGateway(tools, id);
  } catch (error) {
    // The queue's store asks again once this person has signed in, or once there is a connection.
    if (isOfSession(error)) return;
    if (error instanceof Unreachable) {
      if (tools.isOnline.peek()) await rememberLink(database, 'gateway-unreachable');
      return;
    }
    if (isForLater(error)) return askLater(tools, id, error.retryAfterMs ?? ASK_AGAIN_MS);
    // For a study that was cancelled earlier, nobody waits for this answer, so a refusal must not send the study.
    if (!study.cancelling) await keepAsItWas(tools, study);
    else if (isTooLate(error)) await keepAsItWas(tools, { id, paused: false });
    throw error;
  }
  tools.wake();
}

/** True if the session was refused rather than the question, because somebody has signed out meanwhile. */
const isOfSession = (error: unknown): boolean =>
  error instanceof OtherAccount || (error instanceof ApiProblem && error.status === 401);

/** True if the gateway, or a proxy before it, is busy or out of order. The same question may succeed later. */
const isForLater = (error: unknown): error is ApiProblem =>
  error instanceof ApiProblem &&
  (error.code === null ? error.status >= 500 : PROBLEMS[error.code].retry === 'later');

/** The delay where the answer names none. Nobody is watching the screen for this answer. */
const ASK_AGAIN_MS = 30_000;
/** The studies that this tab will ask about later. Each is scheduled once. */
const asking = new WeakMap<LocalDatabase, Set<string>>();

/** Asks later, unless a person has resumed the study by then. */
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

/** Marks the study if `mayBe` is true of it. Returns the row as it was, or null if nothing was marked. */
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
 * Ends a study that is being cancelled, once the gateway has left out everything that is not in the PACS. Throws what
 * the gateway answers; the study has not ended then.
 */
async function endAtGateway(tools: EndingTools, id: string): Promise<void> {
  const { database } = tools;
  await afterRetry(tools, id);
  for (let isTold = false; ; isTold = true) {
    const asked = await askedOf(database, id);
    // A person has resumed the study meanwhile.
    if (asked === null) return isTold ? announceResumed(database, id) : undefined;
    const { study, first, last } = asked;
    const isAll = await leaveOutAtGateway(tools, study, first);
    // Meanwhile an announcement may have been answered with another upload.
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
 * Reads a study that is being cancelled and the instances that the gateway should leave out. `last`: those that wait
 * for a person, left out at the end, because a person who resumes the study meanwhile would still have to decide
 * about them. null: it is no longer being cancelled.
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
 * Leaves the instances out under each upload. An upload that the gateway does not know has nothing to leave out.
 * False: under an upload from before the study was taken over, it is too late or the upload belongs to another
 * account.
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

/**
 * Waits for a retry under way: on another connection it could arrive after the next request, and the gateway would
 * send the study after all.
 */
async function afterRetry({ locks }: Pick<EndingTools, 'locks'>, id: string): Promise<void> {
  await locks.request(retryLock(id), () => undefined);
}

const STAYS_UNDECIDED = 'they wait at the gateway for a decision, in the list of studies';

/**
 * A person resumed the study while the request was open, so the gateway has left out instances that are wanted again.
 */
async function announceResumed(database: LocalDatabase, id: string): Promise<void> {
  await database.studies
    .filter((row) => row.id === id && !isOver(row) && !row.cancelling)
    .modify(announceAgain);
}

/** The study is completely at the gateway, so nothing more is sent from here, and it is followed to its end. */
const isTooLate = (error: unknown): boolean =>
  error instanceof ApiProblem && error.code === 'decision-not-possible';

/** The gateway answers for an upload of another account as for one that does not exist. */
const isUnknown = (error: unknown): boolean =>
  error instanceof ApiProblem && error.code === 'upload-not-found';

function unlessUnknown(error: unknown): void {
  if (!isUnknown(error)) throw error;
}

/** Undoes the mark after the gateway refused to cancel the study, if nobody has decided otherwise since. */
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
 * Ends a study that was only partly queued. `cancelled`: it is taken back or cancelled, and its row stays, as for any
 * such study, if it may have been announced. `failed`: its row is deleted and only the instances that are not at the
 * gateway are withdrawn, because the same files will be sent again.
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
  // The study can no longer be sent from here, so no answer of the gateway restores it.
  await markCancelling(database, id, (row) => mayBeCancelled({ ...row, cancelling: true }));
  tools.wake();
  await ignoreFailure(cancel(tools, id), 'it stays cancelled: the queue asks again');
}

const FORGETS_BY_ITSELF = 'the gateway drops a promise after a while';

/**
 * Ends a study and withdraws from the gateway what was promised and not sent. False: `isStill` is not true of the
 * study.
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
 * Ends the study and its contents here, if `isStill` is true of it in the same transaction. Returns what the gateway
 * may know of it. `own`: the instances that no other entry has.
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

/** The instances of this entry that are in no other entry of the same study. */
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
