/**
 * Delivers one study: announces it, sends the parcels that the gateway lacks, and asks the gateway to confirm that
 * nothing is missing. Repeats this until the gateway confirms.
 */
import { completeAnswerSchema } from '#shared/protocol/api.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { manifestAnswerSchema, type ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import { ApiProblem, Unreachable, type ApiClient } from '../../net/api-client.ts';
import { keyOf, type InstanceKey, type QueuedUpload } from '../queue/upload-queue.ts';
import type { Asking } from './ask-until-answered.ts';
import { createBackOff } from '../../net/clock.ts';
import type { ConcurrencyLimit } from './limit-concurrency.ts';
import { sendParcels, type Announced, type SendingTools } from './send-parcels.ts';

export interface DeliveryTools extends SendingTools, Pick<Asking, 'untilAnswered'> {
  /** Allows one announcement at a time, so that if two studies claim one UID, the one chosen first gets it. */
  readonly announcements: ConcurrencyLimit;
  readonly announce: Announce;
}

/** The study and its instances, which the receipt has to name. */
export interface PromisedStudy {
  readonly studyInstanceUID: string;
  readonly instances: readonly InstanceKey[];
  /** The number of instances of the study that are not promised, by cause. */
  readonly withheld?: Withheld | undefined;
}

/** Announces what one study will contain, and returns what has to be sent. */
export type Announce = (promised: PromisedStudy, signal: AbortSignal) => Promise<ManifestAnswer>;

/** Announces the study with its manifest, as the device that queued it does. */
export const announceManifest =
  (api: ApiClient): Announce =>
  (manifest, signal) =>
    api.json('/upload/init', manifestAnswerSchema, { body: manifest, gzip: true, signal });

/** A study that is being carried, until the signal ends it. */
export interface CarriedStudy {
  readonly study: QueuedUpload;
  readonly manifest: PromisedStudy;
  readonly signal: AbortSignal;
}

export interface Delivered {
  readonly uploadId: string;
  /**
   * The instances that the receipt has to name: all promised ones, except those that the gateway rejected when they
   * were announced.
   */
  readonly named: readonly InstanceKey[];
  /** Whether the PACS already has the whole study, so that the receipt exists. */
  readonly isKnown: boolean;
}

/** Announces, sends and completes until the gateway lacks nothing; null if a person took the study back. */
export async function deliver(tools: DeliveryTools, carried: CarriedStudy): Promise<Delivered | null> {
  const { study, manifest, signal } = carried;
  if (manifest.instances.length === 0 && study.uploadId !== null) return deliverNothing(tools, study);
  const backOff = createBackOff(tools.random);
  for (let { state } = study; ; ) {
    const answer = await announceInTurn(tools, carried);
    if (answer === null || !(await begin(tools, { ...study, state }, answer))) return null;
    const delivered = judgeAnswer(answer, manifest);
    if (delivered.isKnown || (await sendAndComplete(tools, carried, answer)) === 'complete') {
      await tools.queue.allSent(study.id);
      return delivered;
    }
    state = 'uploading';
    if (backOff.waited() > tools.patienceMs) throw new Unreachable(null);
    await tools.clock.sleep(backOff.next(), signal);
  }
}

/**
 * A person left everything out, and the page was closed before the queue recorded it. There is nothing to promise,
 * and the receipt will say so.
 */
async function deliverNothing({ queue }: DeliveryTools, study: QueuedUpload): Promise<Delivered | null> {
  if (study.state !== 'at-gateway' && !(await queue.beginSending(study.id))) return null;
  await queue.allSent(study.id);
  return { uploadId: study.uploadId!, named: [], isKnown: false };
}

async function announceInTurn(
  { api, queue, untilAnswered, announcements, announce }: DeliveryTools,
  { study: { id }, manifest, signal }: CarriedStudy,
): Promise<ManifestAnswer | null> {
  const ask = () => announce(manifest, signal);
  // A problem of one study must not hold up the others. A study that was moved to the front while the gateway did not
  // answer is announced first.
  const inTurn = () =>
    announcements.run((giveWay) => untilAnswered(id, () => giveWay().then(ask), signal, true), {
      of: id,
      signal,
    });
  const answer = await untilAnswered(id, inTurn, signal);
  if (await queue.announced(id, answer)) return answer;
  await ignoreFailure(
    api.send(`/upload/${answer.uploadId}`, { method: 'DELETE', signal }),
    'taken back during the request: a gateway that cannot be told drops the promise after a while',
  );
  return null;
}

/** False if a person took the study back. */
async function begin(
  { queue }: DeliveryTools,
  { id, state }: QueuedUpload,
  { need }: ManifestAnswer,
): Promise<boolean> {
  if (state === 'at-gateway' && need.length > 0) await queue.parcelsLost(id, need);
  return (state === 'at-gateway' && need.length === 0) || queue.beginSending(id);
}

function judgeAnswer({ uploadId, need, have, conflict }: ManifestAnswer, manifest: PromisedStudy): Delivered {
  const against = new Set(conflict.map(keyOf));
  const named = manifest.instances.filter((instance) => !against.has(keyOf(instance)));
  const isKnown =
    named.length > 0 && need.length + conflict.length === 0 && have.every(({ inPacs }) => inPacs === true);
  return { uploadId, named, isKnown };
}

/**
 * Sends and completes. Completion is requested while the last pieces are still in transit, because the gateway waits
 * for them; that saves a round trip. The answer counts only if every parcel was acknowledged and nothing was sent
 * again after the request.
 */
async function sendAndComplete(
  tools: DeliveryTools,
  { study: { id }, signal }: CarriedStudy,
  announced: Announced,
): Promise<'complete' | 'missing'> {
  const ask = () => complete(tools, id, announced.uploadId, signal);
  const early: { answer: Promise<readonly InstanceKey[] | 'upload-gone' | undefined> | null } = {
    answer: null,
  };
  const sent = await sendParcels(tools, {
    id,
    announced,
    signal,
    onLastPieces(areUnderWay) {
      early.answer = areUnderWay
        ? (early.answer ?? ignoreFailure(ask(), 'asked again once everything is sent'))
        : null;
    },
  });
  if (sent === 'upload-gone') return 'missing';
  if ((await early.answer)?.length === 0) return 'complete';
  return (await ask()).length === 0 ? 'complete' : 'missing';
}

/** Asks for completion and returns the instances that the gateway still lacks. */
export function complete(
  { api, untilAnswered }: Pick<DeliveryTools, 'api' | 'untilAnswered'>,
  id: string,
  uploadId: string,
  signal: AbortSignal,
): Promise<readonly InstanceKey[] | 'upload-gone'> {
  const ask = () =>
    api
      .json(`/upload/${uploadId}/complete`, completeAnswerSchema, { body: {}, signal })
      .then(({ missing }) => missing, nullIfGone);
  return untilAnswered(id, async () => (await ask()) ?? ('upload-gone' as const), signal);
}

/** null: the gateway's database was restored from a backup, or this is another gateway. */
export function nullIfGone(error: unknown): null {
  if (error instanceof ApiProblem && error.code === 'upload-not-found') return null;
  throw error;
}
