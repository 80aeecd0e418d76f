/**
 * Takes one queued study to its end: delivers it (deliver-study.ts), then follows it to a checked receipt
 * (await-receipt.ts). Every step may be repeated after an interruption, a restart or a kill. A copy is
 * deleted only through `queue.settle` with a checked receipt.
 */
import type { ApiClient } from '../../net/api-client.ts';
import type { Diagnosis } from '../queue/queued-study.ts';
import type { QueuedUpload, UploadQueue } from '../queue/upload-queue.ts';
import { createAsking, StudyRefused, type AskingTools } from './ask-until-answered.ts';
import { awaitReceipt, type ReceiptTools } from './await-receipt.ts';
import { createBackOff } from '../../net/clock.ts';
import {
  announceManifest,
  deliver,
  nullIfGone,
  type Announce,
  type CarriedStudy,
  type Delivered,
  type DeliveryTools,
  type PromisedStudy,
} from './deliver-study.ts';
import type { Follower } from './follow-events.ts';
import { createConcurrencyLimit, type ConcurrencyLimit } from './limit-concurrency.ts';
import { createPace } from './pace.ts';
import { newWay } from './tus-requests.ts';

/** A queue that may know only what a study promises. */
export type CarriedQueue = Omit<UploadQueue, 'manifestOf'> & {
  manifestOf(id: string): Promise<PromisedStudy>;
};

export interface CarrierTools extends AskingTools {
  readonly queue: CarriedQueue;
  /** How studies are announced; by default with their manifests. */
  readonly announce?: Announce;
  readonly api: ApiClient;
  readonly follower: Follower;
  /** False: the work ends when everything has been sent (command line without `--wait`). */
  readonly awaitReceipts: boolean;
  /** Called with the measured capacity of the connection in bytes per second, whenever it has changed by a fifth. */
  onRate(bytesPerSecond: number): void;
  /** Called with the diagnosed fault on the way to the gateway, whenever it has changed; null: no fault was noticed. */
  onDiagnosis(diagnosis: Diagnosis | null): void;
}

/**
 * The number of studies between announcement and completion. Several small ones share the round trips, but each holds
 * its manifest in memory.
 */
const STUDIES_AT_ONCE = 3;

export interface Carrier {
  /**
   * Carries one study to its end. A refusal is written into the queue; anything else is thrown (Unreachable,
   * ReceiptFaulty, CopyUnreadable, the signal's reason).
   */
  carry(study: QueuedUpload, signal: AbortSignal): Promise<void>;
  /**
   * Sets the sending order: the first study gets the places that it needs, and the others share the rest. It takes
   * effect at once: a study that is being sent gives way after its current piece.
   */
  arrange(ids: readonly string[]): void;
}

interface CarryingTools extends DeliveryTools, ReceiptTools {
  readonly queue: CarriedQueue;
  readonly awaitReceipts: boolean;
  readonly studies: ConcurrencyLimit;
}

/** One carrier for several studies, which share the connection. */
export function createCarrier(tools: CarrierTools): Carrier {
  const { queue, api, clock, random, patienceMs, follower, awaitReceipts } = tools;
  const pace = createPace({ now: () => clock.now(), onRate: tools.onRate, onDiagnosis: tools.onDiagnosis });
  let ranks: ReadonlyMap<string, number> = new Map();
  const order = (id: string): number => ranks.get(id) ?? Number.POSITIVE_INFINITY;
  const carrying: CarryingTools = {
    queue,
    api,
    announce: tools.announce ?? announceManifest(api),
    clock,
    random,
    patienceMs,
    follower,
    awaitReceipts,
    pace,
    ...createAsking(tools, pace),
    onLink: (link) => tools.onLink(link),
    way: newWay(),
    announcements: createConcurrencyLimit({ width: () => 1, order }),
    studies: createConcurrencyLimit({ width: () => STUDIES_AT_ONCE, order, firstAlways: true }),
    parcels: createConcurrencyLimit({ width: () => pace.parcelsAtOnce(), order }),
    receiptKeys: { known: null },
  };
  return {
    arrange(ids) {
      ranks = new Map(ids.map((id, index) => [id, index]));
    },
    async carry(study, signal) {
      try {
        await carry(carrying, study, signal);
      } catch (error) {
        if (!(error instanceof StudyRefused)) throw error;
        await queue.refused(study.id, error.code);
      }
    },
  };
}

async function carry(tools: CarryingTools, study: QueuedUpload, signal: AbortSignal): Promise<void> {
  const backOff = createBackOff(tools.random);
  for (let current = study; ; current = { ...current, state: 'at-gateway' }) {
    const { carried, delivered } = await tools.studies.run(() => take(tools, current, signal), {
      of: study.id,
      signal,
    });
    if (delivered === null || !tools.awaitReceipts) return;
    const isSettled = (await awaitReceipt(tools, carried, delivered)) === 'settled';
    // A study that is done is not delivered again. Another entry sends what is missing.
    if (isSettled || study.state === 'done') return;
    // A gateway that keeps losing the upload must not be asked in a tight loop.
    await tools.clock.sleep(backOff.next(), signal);
  }
}

async function take(
  tools: CarryingTools,
  study: QueuedUpload,
  signal: AbortSignal,
): Promise<{ readonly carried: CarriedStudy; readonly delivered: Delivered | null }> {
  const carried = { study, manifest: await tools.queue.manifestOf(study.id), signal };
  const { uploadId, state } = study;
  if (uploadId === null || (state !== 'attention' && state !== 'done'))
    return { carried, delivered: await deliver(tools, carried) };
  if (study.isUntold === true) await tellWithheld(tools, carried, uploadId);
  // Any receipt newer than the last settled one is acceptable, because copies that it does not name are kept.
  return { carried, delivered: { uploadId, named: [], isKnown: false } };
}

/** Tells the gateway that a person has decided about instances that were not promised. Throws StudyRefused. */
async function tellWithheld(
  { api, untilAnswered }: Pick<CarryingTools, 'api' | 'untilAnswered'>,
  { study: { id, state }, manifest: { withheld = {} }, signal }: CarriedStudy,
  uploadId: string,
): Promise<void> {
  const body = { decision: 'withhold', withheld };
  const tell = () =>
    api.text(`/upload/${uploadId}/decisions`, { body, signal }).then(() => 'told', nullIfGone);
  const isGone = (await untilAnswered(id, tell, signal)) === null;
  // A study that is not done is announced again, with what it withholds.
  if (isGone && state === 'done') throw new StudyRefused('upload-not-found');
}
