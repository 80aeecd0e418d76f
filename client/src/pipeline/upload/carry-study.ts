/**
 * The road of one queued study: announce, send what the gateway lacks, complete, follow, check the receipt. Every step may be repeated
 * after a cut, a restart or a kill; nothing is deleted here but through `queue.settle` with a checked receipt.
 */
import { z } from 'zod';
import { completeAnswerSchema } from '#shared/protocol/api.ts';
import { manifestAnswerSchema, type Manifest } from '#shared/protocol/manifest.ts';
import { PROBLEMS, type ProblemCode } from '#shared/protocol/problem.ts';
import { ApiProblem, Unreachable, type ApiClient } from '../../app/api-client.ts';
import type { Link } from '../queue/queued.ts';
import { keyOf, type InstanceKey, type ParcelToSend, type QueuedUpload, type UploadQueue } from '../queue/upload-queue.ts';
import { acceptReceipt, type JSONWebKeySet, type ReceiptFault } from './accept-receipt.ts';
import { createBackOff, type Clock } from './clock.ts';
import type { Follower, StudyEvent } from './follow-events.ts';
import { createLane } from './lane.ts';
import { createPieceSize, sendParcel } from './tus-client.ts';

export interface CarrierTools {
  readonly queue: UploadQueue;
  readonly api: ApiClient;
  readonly follower: Follower;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  /** How long to go on without any success, in milliseconds: without end in the page. */
  readonly patienceMs: number;
  /** False: a study is left when everything was sent (command line without `--wait`). */
  readonly awaitReceipts: boolean;
  isOnline(): boolean;
  /** Resolves when somebody is signed in; throws at once where nobody can. */
  signedIn(signal: AbortSignal): Promise<void>;
  onLink(link: Link): void;
}

/** The gateway refuses the whole study: asking again does not help. */
class StudyRefused extends Error {
  readonly code: ProblemCode;
  constructor(code: ProblemCode) {
    super(code);
    this.code = code;
  }
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

/** Three parcels keep a link of 100 ms full while pieces are acknowledged; more only share it, and cost 8 MiB each. */
const PARCELS_AT_ONCE = 3;
/** Studies between announcement and completion: small ones share the round trips, and the first one still arrives first. */
const STUDIES_AT_ONCE = 3;
/** The gateway may find a damaged instance after completion; asked again not before. */
const COMPLETE_AGAIN_MS = 5_000;
const FAULTS_LIMIT = 3;

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

export interface Carrier {
  /** One study to its end; a refusal is written down, anything else is thrown (Unreachable, ReceiptFaulty, the signal's reason). */
  carry(study: QueuedUpload, signal: AbortSignal): Promise<void>;
}

/** Several studies share the lanes of one carrier. */
export function createCarrier(tools: CarrierTools): Carrier {
  const { queue, api, clock } = tools;
  const announcements = createLane(1);
  const studies = createLane(STUDIES_AT_ONCE);
  const parcels = createLane(PARCELS_AT_ONCE);
  const pieces = createPieceSize();
  let keys: z.infer<typeof keySetSchema> | null = null;

  /** Does `work` until it succeeds, is refused for good or patience ends. */
  async function insist<T>(id: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const backOff = createBackOff(tools.random);
    for (;;) {
      try {
        const result = await work();
        tools.onLink('online');
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ApiProblem || error instanceof Unreachable || error instanceof z.ZodError)) throw error;
        const retry = error instanceof ApiProblem && error.code !== null ? PROBLEMS[error.code].retry : 'later';
        if (error instanceof ApiProblem && error.status === 401) await waitForSignIn(id, signal);
        else if (error instanceof ApiProblem && error.code !== null && retry !== 'later') throw new StudyRefused(error.code);
        else await waitForLink(id, error, signal);
        if (backOff.waited() > tools.patienceMs) throw error instanceof Unreachable ? error : new Unreachable(error);
        await clock.sleep(backOff.next(error instanceof ApiProblem ? error.retryAfterMs : null), signal);
      }
    }
  }

  async function waitForSignIn(id: string, signal: AbortSignal): Promise<void> {
    await queue.waiting(id, 'signed-out');
    await tools.signedIn(signal);
    await queue.waiting(id, null);
  }

  async function waitForLink(id: string, error: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const link = tools.isOnline() ? 'gateway-unreachable' : 'offline';
    if (error instanceof Unreachable) tools.onLink(link);
    await queue.waiting(id, error instanceof ApiProblem && error.code === 'storage-full' ? 'storage-full' : link);
  }

  async function announce(id: string, manifest: Manifest, signal: AbortSignal) {
    const ask = () => api.json('/upload/init', manifestAnswerSchema, { body: manifest, signal });
    // One after the other, in the order of the queue: of two studies that claim one UID the first one chosen has it.
    const answer = await announcements.run(() => insist(id, ask, signal));
    if (await queue.announced(id, answer)) return answer;
    // Taken back while the gateway was asked: it is told, and if it is not, it forgets by itself.
    await api.send(`/upload/${answer.uploadId}`, { method: 'DELETE', signal }).catch(() => undefined);
    return null;
  }

  async function send(id: string, uploadId: string, parcel: ParcelToSend, signal: AbortSignal): Promise<'sent' | 'upload-gone'> {
    for (let current = parcel; ; ) {
      const outcome = await sendParcel(current, uploadId, {
        api, clock, random: tools.random, pieces, patienceMs: tools.patienceMs,
        async onCreated(location) {
          current = { ...current, location };
          await queue.parcelCreated(id, parcel.id, location);
        },
        onForgotten: () => queue.parcelForgotten(id, parcel.id),
        onProgress: (acknowledged, left) => queue.parcelProgress(id, parcel.id, acknowledged, left),
        onWaiting: (because) => noteWaiting(id, because),
      }, signal);
      if (outcome.kind === 'refused') throw new StudyRefused(outcome.problem.code ?? 'unexpected');
      if (outcome.kind === 'upload-gone') return 'upload-gone';
      if (outcome.kind === 'sent') {
        await queue.parcelSent(id, parcel.id);
        return 'sent';
      }
      await waitForSignIn(id, signal);
    }
  }

  function noteWaiting(id: string, because: 'no-answer' | 'storage-full' | null): void {
    if (because === 'no-answer') tools.onLink(tools.isOnline() ? 'gateway-unreachable' : 'offline');
    if (because === null) tools.onLink('online');
    const waiting = because === 'no-answer' ? (tools.isOnline() ? 'gateway-unreachable' : 'offline') : because;
    // Only a word on the screen: the sending does not wait for it.
    void queue.waiting(id, waiting).catch(() => undefined);
  }

  async function sendAll(id: string, uploadId: string, need: readonly InstanceKey[], signal: AbortSignal): Promise<'sent' | 'upload-gone'> {
    if (need.length === 0) return 'sent';
    // One parcel that cannot be read does not keep the others here.
    const outcomes = await Promise.allSettled((await Array.fromAsync(queue.parcelsFor(id, need))).map((parcel) => parcels.run(async () => {
      signal.throwIfAborted();
      return send(id, uploadId, parcel, signal);
    })));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    return outcomes.some((outcome) => outcome.status === 'fulfilled' && outcome.value === 'upload-gone') ? 'upload-gone' : 'sent';
  }

  function complete(id: string, uploadId: string, signal: AbortSignal): Promise<readonly InstanceKey[] | 'upload-gone'> {
    return insist(id, async () => {
      try {
        return (await api.json(`/upload/${uploadId}/complete`, completeAnswerSchema, { body: {}, signal })).missing;
      } catch (error) {
        if (error instanceof ApiProblem && error.code === 'upload-not-found') return 'upload-gone' as const;
        throw error;
      }
    }, signal);
  }

  /** Announces, sends and completes until the gateway misses nothing; null when a person took the study back. */
  async function deliver(study: QueuedUpload, manifest: Manifest, signal: AbortSignal): Promise<Delivered | null> {
    const backOff = createBackOff(tools.random);
    for (let { state } = study; ; ) {
      const answer = await announce(study.id, manifest, signal);
      if (answer === null) return null;
      if (state === 'at-gateway' && answer.need.length > 0) await queue.parcelsLost(study.id, answer.need);
      if ((state !== 'at-gateway' || answer.need.length > 0) && !(await queue.beginSending(study.id))) return null;
      const sent = await sendAll(study.id, answer.uploadId, answer.need, signal);
      const missing = sent === 'sent' ? await complete(study.id, answer.uploadId, signal) : sent;
      if (Array.isArray(missing) && missing.length === 0) {
        await queue.allSent(study.id);
        const against = new Set(answer.conflict.map(keyOf));
        return { uploadId: answer.uploadId, named: manifest.instances.filter((instance) => !against.has(keyOf(instance))) };
      }
      state = 'uploading';
      if (backOff.waited() > tools.patienceMs) throw new Unreachable(null);
      await clock.sleep(backOff.next(), signal);
    }
  }

  async function takeReceipt(id: string, uploadId: string, manifest: Manifest, named: readonly InstanceKey[], signal: AbortSignal): Promise<ReceiptFault | null> {
    const jws = (await insist(id, () => api.text(`/upload/${uploadId}/receipt`, { signal }), signal)).trim();
    const known = (keys ??= await insist(id, () => api.json('/.well-known/jwks.json', keySetSchema, { signal }), signal));
    const check = await acceptReceipt(jws, known as JSONWebKeySet, { studyInstanceUID: manifest.studyInstanceUID, instances: named });
    // The gateway may have a new key since: the next look asks for it.
    if (check.kind === 'fault') keys = null;
    if (check.kind === 'fault') return check.fault;
    await queue.settle(id, check.checked);
    return null;
  }

  /** Listens until a new receipt holds. `missing`: the gateway lost or refused bytes after completion, they have to be sent again. */
  async function awaitReceipt(study: QueuedUpload, delivered: Delivered, manifest: Manifest, signal: AbortSignal): Promise<'settled' | 'missing'> {
    const { uploadId, named } = delivered;
    let completedAt = clock.now();
    let faults = 0;
    for await (const event of eventsOf(tools.follower, uploadId, signal)) {
      await queue.report(study.id, event);
      tools.onLink(event.waiting?.because === 'pacs-unreachable' ? 'pacs-unreachable' : 'online');
      if (event.receipt !== null && event.receipt.id !== study.receiptId) {
        const fault = await takeReceipt(study.id, uploadId, manifest, named, signal);
        if (fault === null) return 'settled';
        // A receipt of an earlier revision lacks the late instances: the next one has them, unless the gateway is at its end.
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
    const manifest = await queue.manifestOf(study.id);
    for (let current = study; ; current = { ...current, state: 'at-gateway' }) {
      const delivered = current.state === 'attention' && current.uploadId !== null
        // Whatever is newer than the receipt that was settled with: what it does not name is kept.
        ? { uploadId: current.uploadId, named: [] }
        : await studies.run(() => deliver(current, manifest, signal));
      if (delivered === null || !tools.awaitReceipts) return;
      if ((await awaitReceipt(current, delivered, manifest, signal)) === 'settled') return;
    }
  }

  return {
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

interface Delivered {
  readonly uploadId: string;
  /** What the receipt has to name: all that was promised, but what the gateway told us at once that it will not take. */
  readonly named: readonly InstanceKey[];
}

/** The newest event, one at a time: what came while the last one was looked at is skipped but for its latest. */
async function* eventsOf(follower: Follower, uploadId: string, signal: AbortSignal): AsyncGenerator<StudyEvent> {
  const stop = new AbortController();
  let latest: StudyEvent | null = null;
  let arrived = Promise.withResolvers<void>();
  const wake = () => arrived.resolve();
  signal.addEventListener('abort', wake, { once: true });
  follower.follow(uploadId, (event) => {
    latest = event;
    wake();
  }, stop.signal);
  try {
    while (!signal.aborted) {
      const event: StudyEvent | null = latest;
      latest = null;
      arrived = Promise.withResolvers<void>();
      if (event !== null) yield event;
      else await arrived.promise;
    }
  } finally {
    stop.abort();
    signal.removeEventListener('abort', wake);
  }
}
