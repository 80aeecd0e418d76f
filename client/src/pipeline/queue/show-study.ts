/** Converts a database row into the study for the screen. Pure. */
import { countStudy } from './count-study.ts';
import type { QueuedStudy, StudyTitle } from './queued-study.ts';
import type { Rate } from './rate.ts';
import type { StudyRow } from './rows/local-database.ts';
import { canCancel, canTakeBack } from './rows/may-be-ended.ts';
import { isToBeSent } from './rows/order-studies.ts';
import { withheldIn } from './rows/withheld-of.ts';

interface Shown {
  readonly title: StudyTitle | null;
  readonly label: string | null;
  readonly heldStudy: string | null;
  /** The rate has already been given the bytes that have left so far. */
  readonly rate: Rate;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export function showStudy(row: StudyRow, { title, label, heldStudy, rate, at }: Shown): QueuedStudy {
  return {
    id: row.id,
    title,
    label,
    about: row.about,
    policy: row.policy,
    state: row.state,
    instances: row.chosen,
    bytes: row.bytes,
    packing: row.packing,
    ...countStudy(row),
    leftUnread: row.leftUnread ?? null,
    withheld: withheldIn(row.held),
    heldStudy,
    waiting: row.waiting,
    waitsFor: row.waitsFor,
    problem: row.problem,
    trouble: row.trouble,
    ...showPace(row, rate, at),
    paused: row.paused,
    cancelling: row.cancelling === true && isToBeSent(row),
    isWaiting: isToBeSent(row),
    score: row.score,
    film: row.film ?? [],
    ranked: row.rank !== null,
    savedToStickAt: row.savedToStickAt ?? null,
    canTakeBack: canTakeBack(row),
    canCancel: canCancel(row),
    wasCancelled: row.state === 'taken-back' && row.hasLeft === true,
    mayStillArrive: row.mayStillArrive === true,
    toldSince: row.toldSince ?? null,
    holds: row.holds ?? [],
    receiptId: row.receiptId,
    givenUpAt: row.givenUpAt ?? [],
    studyInstanceUID: row.studyInstanceUID,
    mark: row.mark ?? null,
    queuedAt: row.queuedAt,
    sentAt: row.sentAt ?? null,
    completedAt: row.completedAt,
    removed: row.removed === true,
    noted: row.noted ?? 0,
  };
}

function showPace(
  { state, paused, waiting, sentBytes, neededBytes }: StudyRow,
  rate: Rate,
  at: number,
): Pick<QueuedStudy, 'bytesPerSecond' | 'secondsLeft' | 'stalled'> {
  const isMoving = state === 'uploading' && !paused && waiting === null && sentBytes < neededBytes;
  if (!isMoving) return { bytesPerSecond: 0, secondsLeft: null, stalled: false };
  return {
    bytesPerSecond: rate.bytesPerSecond(at),
    secondsLeft: rate.secondsLeft(neededBytes - sentBytes, at),
    stalled: rate.isStalled(at),
  };
}

/** Whether the study is sent without its owner, under its account's right to send. */
export function travels({ state, waiting, paused, trouble }: StudyRow): boolean {
  if (waiting === 'signed-out' || waiting === 'interrupted' || trouble !== null) return false;
  return (
    state === 'at-gateway' || ((state === 'reading' || state === 'safe' || state === 'uploading') && !paused)
  );
}

/**
 * Instances that are safe on this device and not yet at the gateway. A cancelled study counts as none, because it
 * will be deleted.
 */
export function countSafe(row: StudyRow): number {
  if (!isKept(row) || row.cancelling) return 0;
  const { safe, onTheWay } = countStudy(row).track;
  return safe + onTheWay;
}

/**
 * Instances that any page is still making safe on this device. A study becomes safe as a whole, so at least one
 * instance counts until `finishPacking`.
 */
export function countUnsafe(row: StudyRow): number {
  const { unsafe, safe, onTheWay } = countStudy(row).track;
  return row.packing ? Math.max(unsafe, Math.min(1, safe + onTheWay)) : 0;
}

/** A study that is still being written is not safe yet, and one that was taken back is gone. */
function isKept({ state, packing, waiting }: StudyRow): boolean {
  return state !== 'reading' && state !== 'taken-back' && !packing && waiting !== 'interrupted';
}
