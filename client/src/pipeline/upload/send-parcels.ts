/**
 * The parcels of one study, as they come from the queue: each travels as soon as there is a lane for it, and
 * one is taken from the queue ahead. A parcel that cannot be read does not keep the others here.
 */
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { ApiClient } from '../../net/api-client.ts';
import { CopyUnreadable, type ParcelToSend, type UploadQueue } from '../queue/upload-queue.ts';
import { createBackOff, type Clock } from './clock.ts';
import { StudyRefused, type Insist } from './ask-until-answered.ts';
import type { OrderedLane } from './ordered-lane.ts';
import type { Pace } from './pace.ts';
import { sendParcel, type TusTools } from './tus-client.ts';

export interface SendingTools extends Pick<Insist, 'waitForRight' | 'noteWaiting'> {
  readonly queue: UploadQueue;
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly patienceMs: number;
  readonly pace: Pace;
  readonly way: TusTools['way'];
  /** Shared by all studies of a device. */
  readonly lane: OrderedLane;
}

export type SendOutcome = 'sent' | 'upload-gone';

/**
 * `onLastPieces`: true when nothing but last pieces is on its way, false when one of them has to be sent
 * again.
 */
export type OnLastPieces = (areUnderWay: boolean) => void;

/** What the gateway said when the study was announced. */
export type Announced = Pick<ManifestAnswer, 'uploadId' | 'need' | 'begun'>;

/** Throws StudyRefused, CopyUnreadable, Unreachable, the signal's reason. */
export async function sendParcels(
  id: string,
  announced: Announced,
  tools: SendingTools,
  signal: AbortSignal,
  onLastPieces: OnLastPieces,
): Promise<SendOutcome> {
  const { need } = announced;
  if (need.length === 0) return 'sent';
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  const underWay = new Set<Promise<void>>();
  const open = new Map<string, boolean>();
  let isAllTaken = false;
  let isGone = false;
  const failures: unknown[] = [];

  const tellLast = (): void =>
    onLastPieces(isAllTaken && open.size > 0 && [...open.values()].every((isLast) => isLast));
  const fail = (error: unknown): void => {
    failures.push(error);
    // A copy that cannot be read is one parcel's; whatever else ends one ends all.
    if (!(error instanceof CopyUnreadable)) stop.abort(error);
  };

  /** Resolves when the parcel has its place, so that the next one may be taken. */
  function start(parcel: ParcelToSend): Promise<void> {
    const placed = Promise.withResolvers<void>();
    open.set(parcel.id, false);
    const sending = tools.lane
      .run(
        id,
        async (giveWay) => {
          placed.resolve();
          const outcome = await sendOne(id, announced, parcel, tools, until, giveWay, (isLast) => {
            open.set(parcel.id, isLast);
            tellLast();
          });
          if (outcome === 'upload-gone') isGone = true;
        },
        until,
      )
      .catch(fail)
      .finally(() => {
        placed.resolve();
        open.delete(parcel.id);
        underWay.delete(sending);
      });
    underWay.add(sending);
    return placed.promise;
  }

  try {
    for await (const parcel of endedBy(tools.queue.parcelsFor(id, need), until)) {
      await start(parcel);
      if (isGone) break;
    }
  } catch (error) {
    fail(error);
  }
  isAllTaken = failures.length === 0 && !isGone;
  tellLast();
  await Promise.all(underWay);
  signal.throwIfAborted();
  const [failure] = failures;
  if (failure !== undefined) throw failures.find((error) => error instanceof StudyRefused) ?? failure;
  return isGone ? 'upload-gone' : 'sent';
}

async function sendOne(
  id: string,
  { uploadId, begun }: Announced,
  parcel: ParcelToSend,
  tools: SendingTools,
  signal: AbortSignal,
  giveWay: () => Promise<void>,
  onLastPiece: (isUnderWay: boolean) => void,
): Promise<SendOutcome> {
  const { queue, clock } = tools;
  const backOff = createBackOff(tools.random);
  let isBegun = begun?.includes(parcel.id) ?? false;
  for (let current = parcel; ; isBegun = true) {
    const outcome = await sendParcel(
      current,
      uploadId,
      {
        api: tools.api,
        clock,
        random: tools.random,
        pace: tools.pace,
        way: tools.way,
        isBegun,
        patienceMs: tools.patienceMs,
        giveWay,
        onLastPiece,
        async onCreated(location) {
          current = { ...current, location };
          await queue.parcelCreated(id, parcel.id, location);
        },
        onForgotten: () => queue.parcelForgotten(id, parcel.id),
        onProgress: (acknowledged, left) => queue.parcelProgress(id, parcel.id, acknowledged, left),
        onWaiting: (because) => tools.noteWaiting(id, because),
      },
      signal,
    );
    if (outcome.kind === 'refused') throw new StudyRefused(outcome.problem.code ?? 'unexpected');
    if (outcome.kind === 'upload-gone') return 'upload-gone';
    if (outcome.kind === 'sent') {
      await queue.parcelSent(id, parcel.id);
      return 'sent';
    }
    await tools.waitForRight(id, signal);
    // A right that is given and refused again must not be asked for as fast as that goes.
    await clock.sleep(backOff.next(), signal);
  }
}

/**
 * The same, ended at once by the signal, though the source may be waiting for a parcel that is still being
 * packed. Throws its reason.
 */
async function* endedBy<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
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
    // Not awaited: it may only answer when that parcel is packed.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
