/**
 * Sends the parcels of one study as they come from the queue, each as soon as there is a place for it. One more
 * parcel is taken from the queue in advance. An unreadable parcel does not hold up the others.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { ApiClient } from '../../net/api-client.ts';
import { CopyUnreadable, type ParcelToSend, type UploadQueue } from '../queue/upload-queue.ts';
import { StudyRefused, type Asking } from './ask-until-answered.ts';
import { createBackOff, type Clock } from '../../net/clock.ts';
import type { ConcurrencyLimit } from './limit-concurrency.ts';
import type { Pace } from './pace.ts';
import { sendParcel } from './tus-client.ts';
import type { TusTools, Way } from './tus-requests.ts';

export interface SendingTools extends Pick<Asking, 'waitForRight' | 'noteWaiting'> {
  readonly queue: Omit<UploadQueue, 'manifestOf'>;
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly patienceMs: number;
  readonly pace: Pace;
  readonly way: Way;
  /** The limit for the parcels of all studies of this device. */
  readonly parcels: ConcurrencyLimit;
}

type SendOutcome = 'sent' | 'upload-gone';

/** The gateway's answer to the announcement of the study. */
export type Announced = Pick<ManifestAnswer, 'uploadId' | 'need' | 'begun'>;

interface ParcelsOfStudy {
  readonly id: string;
  readonly announced: Announced;
  readonly signal: AbortSignal;
  /** True when only the last pieces are in transit; false when one of them has to be sent again. */
  onLastPieces(areUnderWay: boolean): void;
}

/** The parcels in transit, and the progress of the study. */
interface Transfer {
  readonly study: ParcelsOfStudy;
  readonly stop: AbortController;
  /** Aborts with the study's signal, or when the failure of one parcel ends them all. */
  readonly until: AbortSignal;
  readonly underWay: Set<Promise<void>>;
  /** The parcels that have a place; true: the last piece is in transit. */
  readonly open: Map<string, boolean>;
  readonly failures: unknown[];
  isAllTaken: boolean;
  isGone: boolean;
}

/** Throws StudyRefused, CopyUnreadable, Unreachable, or the signal's reason. */
export async function sendParcels(tools: SendingTools, study: ParcelsOfStudy): Promise<SendOutcome> {
  const { need } = study.announced;
  if (need.length === 0) return 'sent';
  const stop = new AbortController();
  const transfer: Transfer = {
    study,
    stop,
    until: AbortSignal.any([study.signal, stop.signal]),
    underWay: new Set(),
    open: new Map(),
    failures: [],
    isAllTaken: false,
    isGone: false,
  };
  try {
    for await (const parcel of endedBy(tools.queue.parcelsFor(study.id, need), transfer.until)) {
      await start(tools, transfer, parcel);
      if (transfer.isGone) break;
    }
  } catch (error) {
    fail(transfer, error);
  }
  transfer.isAllTaken = transfer.failures.length === 0 && !transfer.isGone;
  tellLastPieces(transfer);
  await Promise.all(transfer.underWay);
  study.signal.throwIfAborted();
  const [failure] = transfer.failures;
  if (failure !== undefined)
    throw transfer.failures.find((error) => error instanceof StudyRefused) ?? failure;
  return transfer.isGone ? 'upload-gone' : 'sent';
}

/** Resolves when the parcel has a place, so that the next one may be taken. */
function start(tools: SendingTools, transfer: Transfer, parcel: ParcelToSend): Promise<void> {
  const { study, until, open, underWay } = transfer;
  const placed = Promise.withResolvers<void>();
  open.set(parcel.id, false);
  const send = async (giveWay: () => Promise<void>): Promise<void> => {
    placed.resolve();
    if ((await sendOne(tools, transfer, parcel, giveWay)) === 'upload-gone') transfer.isGone = true;
  };
  const sending = tools.parcels
    .run(send, { of: study.id, signal: until })
    .catch((error: unknown) => fail(transfer, error))
    .finally(() => {
      placed.resolve();
      open.delete(parcel.id);
      underWay.delete(sending);
    });
  underWay.add(sending);
  return placed.promise;
}

function fail({ failures, stop }: Transfer, error: unknown): void {
  failures.push(error);
  // An unreadable copy concerns only its parcel; any other failure ends them all.
  if (!(error instanceof CopyUnreadable)) stop.abort(error);
}

function tellLastPieces({ study, isAllTaken, open }: Transfer): void {
  study.onLastPieces(isAllTaken && open.size > 0 && [...open.values()].every((isLast) => isLast));
}

async function sendOne(
  tools: SendingTools,
  transfer: Transfer,
  parcel: ParcelToSend,
  giveWay: () => Promise<void>,
): Promise<SendOutcome> {
  const { queue, clock } = tools;
  const {
    until,
    study: { id, announced },
  } = transfer;
  const backOff = createBackOff(tools.random);
  let current = parcel;
  let isBegun = announced.begun?.includes(parcel.id) ?? false;
  for (;;) {
    const hooks: ParcelHooks = {
      ...hooksOf(tools, transfer, parcel.id),
      giveWay,
      async onCreated(location) {
        current = { ...current, location };
        await queue.parcelCreated(id, parcel.id, location);
      },
    };
    const outcome = await sendParcel(current, announced.uploadId, { ...tools, ...hooks, isBegun }, until);
    if (outcome.kind === 'refused') throw new StudyRefused(outcome.problem.code ?? 'unexpected');
    if (outcome.kind === 'upload-gone') return 'upload-gone';
    if (outcome.kind === 'sent') {
      await queue.parcelSent(id, parcel.id);
      return 'sent';
    }
    await tools.waitForRight(id, until);
    // If a right is granted and refused alternately, it must not be requested in a tight loop.
    await clock.sleep(backOff.next(), until);
    isBegun = true;
  }
}

type ParcelHooks = Pick<
  TusTools,
  'giveWay' | 'onCreated' | 'onForgotten' | 'onProgress' | 'onWaiting' | 'onLastPiece'
>;

function hooksOf(
  { queue, noteWaiting }: SendingTools,
  transfer: Transfer,
  parcelId: string,
): Omit<ParcelHooks, 'giveWay' | 'onCreated'> {
  const { id } = transfer.study;
  return {
    onForgotten: () => queue.parcelForgotten(id, parcelId),
    onProgress: (acknowledged, left) => queue.parcelProgress(id, parcelId, acknowledged, left),
    onWaiting: (because) => noteWaiting(id, because),
    onLastPiece(isUnderWay) {
      transfer.open.set(parcelId, isUnderWay);
      tellLastPieces(transfer);
    },
  };
}

/**
 * Yields the same items, but ends as soon as the signal aborts, even while the source waits for a parcel that is
 * still being packed. Throws the signal's reason.
 */
async function* endedBy<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<never>();
  void ignoreFailure(aborted.promise, 'the race below handles it, unless it is over');
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await Promise.race([iterator.next(), aborted.promise]);
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    const closed = Promise.resolve(iterator.return?.());
    void ignoreFailure(closed, 'not awaited: it may only answer when that parcel is packed');
  }
}
