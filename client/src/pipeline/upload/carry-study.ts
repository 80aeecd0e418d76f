/**
 * The road of one queued study: announce, send what the gateway lacks, complete, follow, check the receipt.
 * Every step may be repeated after a cut, a restart or a kill; nothing is deleted here but through
 * `queue.settle` with a checked receipt.
 */
import { z } from 'zod';
import { completeAnswerSchema } from '#shared/protocol/api.ts';
import { manifestAnswerSchema, type Manifest, type ManifestAnswer } from '#shared/protocol/manifest.ts';
import { ApiProblem, Unreachable, type ApiClient } from '../../net/api-client.ts';
import { keyOf, type InstanceKey, type QueuedUpload, type UploadQueue } from '../queue/upload-queue.ts';
import { acceptReceipt, type JSONWebKeySet, type ReceiptFault } from './accept-receipt.ts';
import { createBackOff } from './clock.ts';
import type { Diagnosis } from '../queue/queued-study.ts';
import { eventsOf, type Follower } from './follow-events.ts';
import { createInsist, StudyRefused, type InsistTools } from './ask-until-answered.ts';
import { createOrderedLane } from './ordered-lane.ts';
import { createPace } from './pace.ts';
import { sendParcels, type Announced, type SendingTools } from './send-parcels.ts';

export interface CarrierTools extends InsistTools {
  readonly queue: UploadQueue;
  readonly api: ApiClient;
  readonly follower: Follower;
  /** False: a study is left when everything was sent (command line without `--wait`). */
  readonly awaitReceipts: boolean;
  /** Bytes per second that the link has been measured to carry, whenever that changed by a fifth. */
  onRate(bytesPerSecond: number): void;
  /** What stands between and does harm, whenever that changed; null: nothing that was noticed. */
  onDiagnosis(diagnosis: Diagnosis | null): void;
}

/** The gateway gives a receipt that does not hold; the device keeps its copy. */
export class ReceiptFaulty extends Error {
  readonly fault: ReceiptFault;
  constructor(fault: ReceiptFault) {
    super(`the receipt does not hold: ${fault}`);
    this.name = 'ReceiptFaulty';
    this.fault = fault;
  }
}

/**
 * Studies between announcement and completion: small ones share the round trips, and each holds its manifest
 * in memory.
 */
const STUDIES_AT_ONCE = 3;
/** The gateway may find a damaged instance after completion; asked again not before. */
const COMPLETE_AGAIN_MS = 5_000;
const FAULTS_LIMIT = 3;

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

export interface Carrier {
  /**
   * One study to its end; a refusal is written down, anything else is thrown (Unreachable, ReceiptFaulty,
   * CopyUnreadable, the signal's reason).
   */
  carry(study: QueuedUpload, signal: AbortSignal): Promise<void>;
  /**
   * Which study goes first: it has the lanes, the others what is left of them. At once: what is under way
   * gives way after its piece.
   */
  arrange(ids: readonly string[]): void;
}

interface Delivered {
  readonly uploadId: string;
  /**
   * What the receipt has to name: all that was promised, but what the gateway told us at once that it will
   * not take.
   */
  readonly named: readonly InstanceKey[];
  /** The PACS has all of it already: the receipt is there. */
  readonly isKnown: boolean;
}

/** Several studies share the lanes of one carrier. */
export function createCarrier(tools: CarrierTools): Carrier {
  const { queue, api, clock } = tools;
  const pace = createPace({ now: () => clock.now(), onRate: tools.onRate, onDiagnosis: tools.onDiagnosis });
  const { insist, ...saying } = createInsist(tools, pace);
  let ranks: ReadonlyMap<string, number> = new Map();
  const order = (id: string): number => ranks.get(id) ?? Number.POSITIVE_INFINITY;
  const announcements = createOrderedLane({ width: () => 1, order });
  const studies = createOrderedLane({ width: () => STUDIES_AT_ONCE, order, firstAlways: true });
  const lane = createOrderedLane({ width: () => pace.parcelsAtOnce(), order });
  const sending: SendingTools = {
    ...saying,
    queue,
    api,
    clock,
    random: tools.random,
    patienceMs: tools.patienceMs,
    pace,
    way: { isCreationPlain: false, probeBytes: null },
    lane,
  };
  let keys: z.infer<typeof keySetSchema> | null = null;

  async function announce(
    id: string,
    manifest: Manifest,
    signal: AbortSignal,
  ): Promise<ManifestAnswer | null> {
    const ask = () => api.json('/upload/init', manifestAnswerSchema, { body: manifest, gzip: true, signal });
    // One after the other, in the order of the queue: of two studies that claim one UID the first one chosen
    // has it. A problem that is one study's own does not keep the others waiting. What came to go first while
    // nobody answered is announced first.
    const inTurn = () =>
      announcements.run(id, (giveWay) => insist(id, () => giveWay().then(ask), signal, true), signal);
    const answer = await insist(id, inTurn, signal);
    if (await queue.announced(id, answer)) return answer;
    // Taken back while the gateway was asked: it is told, and if it is not, it forgets by itself.
    await api.send(`/upload/${answer.uploadId}`, { method: 'DELETE', signal }).catch(() => undefined);
    return null;
  }

  function complete(
    id: string,
    uploadId: string,
    signal: AbortSignal,
  ): Promise<readonly InstanceKey[] | 'upload-gone'> {
    const ask = () =>
      api
        .json(`/upload/${uploadId}/complete`, completeAnswerSchema, { body: {}, signal })
        .then(({ missing }) => missing, unlessGone);
    return insist(id, async () => (await ask()) ?? ('upload-gone' as const), signal);
  }

  /**
   * Sends and completes. Completion is asked for while the last pieces are on their way, for the gateway
   * waits for them: that saves a round trip. Its answer counts when every parcel was acknowledged and nothing
   * had to be sent again after it was asked.
   */
  async function sendAndComplete(
    id: string,
    announced: Announced,
    signal: AbortSignal,
  ): Promise<'complete' | 'missing'> {
    const { uploadId } = announced;
    const early = { answer: null as Promise<readonly InstanceKey[] | 'upload-gone' | null> | null };
    const sent = await sendParcels(id, announced, sending, signal, (areLast) => {
      early.answer = areLast ? (early.answer ?? complete(id, uploadId, signal).catch(() => null)) : null;
    });
    if (sent === 'upload-gone') return 'missing';
    if ((await early.answer)?.length === 0) return 'complete';
    return (await complete(id, uploadId, signal)).length === 0 ? 'complete' : 'missing';
  }

  /**
   * Announces, sends and completes until the gateway misses nothing; null when a person took the study back.
   */
  async function deliver(
    study: QueuedUpload,
    manifest: Manifest,
    signal: AbortSignal,
  ): Promise<Delivered | null> {
    // A person left all of it out, and the page ended before that was written down here: there is nothing to
    // promise, and the receipt will say so.
    if (manifest.instances.length === 0 && study.uploadId !== null) {
      if (study.state !== 'at-gateway' && !(await queue.beginSending(study.id))) return null;
      await queue.allSent(study.id);
      return { uploadId: study.uploadId, named: [], isKnown: false };
    }
    const backOff = createBackOff(tools.random);
    for (let { state } = study; ; ) {
      const answer = await announce(study.id, manifest, signal);
      if (answer === null) return null;
      if (state === 'at-gateway' && answer.need.length > 0) await queue.parcelsLost(study.id, answer.need);
      if ((state !== 'at-gateway' || answer.need.length > 0) && !(await queue.beginSending(study.id)))
        return null;
      const against = new Set(answer.conflict.map(keyOf));
      const named = manifest.instances.filter((instance) => !against.has(keyOf(instance)));
      const isKnown =
        named.length > 0 &&
        answer.need.length + answer.conflict.length === 0 &&
        answer.have.every((held) => held.inPacs === true);
      if (isKnown || (await sendAndComplete(study.id, answer, signal)) === 'complete') {
        await queue.allSent(study.id);
        return { uploadId: answer.uploadId, named, isKnown };
      }
      state = 'uploading';
      if (backOff.waited() > tools.patienceMs) throw new Unreachable(null);
      await clock.sleep(backOff.next(), signal);
    }
  }

  /**
   * `wanted`: the id that was told of; `other`: it is another one, an older or a newer, and the next event
   * says which is the newest. `gone`: the gateway does not know the upload any more, and is told of it again.
   */
  async function takeReceipt(
    id: string,
    { uploadId, named }: Delivered,
    manifest: Manifest,
    wanted: string | null,
    signal: AbortSignal,
  ): Promise<ReceiptFault | 'other' | 'gone' | null> {
    const jws = await insist(
      id,
      () => api.text(`/upload/${uploadId}/receipt`, { signal }).then((text) => text.trim(), unlessGone),
      signal,
    );
    if (jws === null) return 'gone';
    const known = (keys ??= await insist(
      id,
      () => api.json('/.well-known/jwks.json', keySetSchema, { signal }),
      signal,
    ));
    const check = await acceptReceipt(jws, known as JSONWebKeySet, {
      studyInstanceUID: manifest.studyInstanceUID,
      instances: named,
    });
    // The gateway may have a new key since: the next look asks for it.
    if (check.kind === 'fault') keys = null;
    if (check.kind === 'fault') return check.fault;
    if (wanted !== null && check.checked.receipt.jti !== wanted) return 'other';
    await queue.settle(id, check.checked);
    return null;
  }

  /**
   * Of a study that the PACS has: it is there in most cases. Whatever is the matter with it, whoever follows
   * the study will meet it again.
   */
  async function takeKnownReceipt(
    id: string,
    delivered: Delivered,
    manifest: Manifest,
    signal: AbortSignal,
  ): Promise<boolean> {
    const look = () => takeReceipt(id, delivered, manifest, null, signal).then((fault) => fault === null);
    return insist(id, look, signal, true).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof ApiProblem || error instanceof StudyRefused) return false;
      throw error;
    });
  }

  /**
   * Listens until a new receipt holds. `missing`: the gateway lost or refused bytes after completion, they
   * have to be sent again.
   */
  async function awaitReceipt(
    study: QueuedUpload,
    delivered: Delivered,
    manifest: Manifest,
    signal: AbortSignal,
  ): Promise<'settled' | 'missing'> {
    const { uploadId } = delivered;
    if (
      delivered.isKnown &&
      study.receiptId === null &&
      (await takeKnownReceipt(study.id, delivered, manifest, signal))
    )
      return 'settled';
    let completedAt = delivered.isKnown ? Number.NEGATIVE_INFINITY : clock.now();
    let faults = 0;
    for await (const event of eventsOf(tools.follower, uploadId, signal)) {
      if (event === 'gone') return 'missing';
      await queue.report(study.id, event);
      tools.onLink(event.waiting?.because === 'pacs-unreachable' ? 'pacs-unreachable' : 'online');
      if (event.receipt !== null && event.receipt.id !== study.receiptId) {
        const fault = await takeReceipt(study.id, delivered, manifest, event.receipt.id, signal);
        if (fault === null) return 'settled';
        if (fault === 'gone') return 'missing';
        if (fault === 'other') continue;
        // A receipt of an earlier revision lacks the late instances: the next one has them, unless the
        // gateway is at its end.
        if (fault !== 'instance-missing' || event.state === 'closed' || event.state === 'held') faults += 1;
        if (faults >= FAULTS_LIMIT) throw new ReceiptFaulty(fault);
      } else if (event.state === 'receiving' && clock.now() - completedAt > COMPLETE_AGAIN_MS) {
        completedAt = clock.now();
        const missing = await complete(study.id, uploadId, signal);
        if (missing === 'upload-gone' || missing.length > 0) return 'missing';
      }
    }
    throw signal.reason;
  }

  async function carry(study: QueuedUpload, signal: AbortSignal): Promise<void> {
    const backOff = createBackOff(tools.random);
    for (let current = study; ; current = { ...current, state: 'at-gateway' }) {
      const { delivered, manifest } = await studies.run(
        study.id,
        async () => {
          const promised = await queue.manifestOf(study.id);
          // Whatever is newer than the receipt that was settled with: what it does not name is kept.
          if (current.state === 'attention' && current.uploadId !== null)
            return {
              manifest: promised,
              delivered: { uploadId: current.uploadId, named: [], isKnown: false },
            };
          return { manifest: promised, delivered: await deliver(current, promised, signal) };
        },
        signal,
      );
      if (delivered === null || !tools.awaitReceipts) return;
      if ((await awaitReceipt(current, delivered, manifest, signal)) === 'settled') return;
      // A gateway that forgets as fast as it is told must not be told as fast as it forgets.
      await clock.sleep(backOff.next(), signal);
    }
  }

  return {
    arrange: (ids) => void (ranks = new Map(ids.map((id, index) => [id, index]))),
    async carry(study, signal) {
      try {
        await carry(study, signal);
      } catch (error) {
        if (!(error instanceof StudyRefused)) throw error;
        await queue.refused(study.id, error.code);
      }
    },
  };
}

/** null: its database is an older one, or it is another gateway. */
function unlessGone(error: unknown): null {
  if (error instanceof ApiProblem && error.code === 'upload-not-found') return null;
  throw error;
}
