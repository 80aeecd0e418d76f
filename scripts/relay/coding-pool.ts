/**
 * Codes on two threads, apart from the one that reads and sends: on a slow link a study travels in a fraction
 * of its bytes. Before each parcel it decides whether coding pays, from the measured speed of the link and of
 * these threads.
 */
import { Worker } from 'node:worker_threads';
import { codingPays } from '#shared/transfer/coding/coding-pays.ts';
import type { ContentEncoding } from '#shared/transfer/parcel.ts';

export type ToCode = { readonly id: number; readonly bytes: ArrayBuffer };
export type CodedMessage =
  | { readonly id: number; readonly encoding: ContentEncoding | null; readonly bytes: ArrayBuffer }
  | { readonly id: number; readonly fault: string };

export interface Coded {
  readonly encoding: ContentEncoding | null;
  readonly bytes: Blob;
}

export interface CodingPool {
  /** False: the link is faster than coding would make it. */
  pays(): boolean;
  /**
   * The same bytes, coded where that makes them smaller. Throws what the blob throws when it cannot be read.
   */
  code(instance: Blob): Promise<Coded>;
  /**
   * The time of a short answer: all that is known of the link before anything is sent. Where coding
   * will pay, the threads start.
   */
  noteRoundTrip(ms: number): void;
  noteLink(bytesPerSecond: number): void;
  /** Ends the threads. */
  close(): Promise<void>;
}

const THREADS = 2;
/** The ratio for CT and MR; too optimistic where coding is worth least, for noisy pixels. */
const EXPECTED_RATIO = 0.45;
/**
 * A larger instance is sent as it lies on the disk: coded it would have to be held in memory, and several
 * parcels are on their way at once.
 */
const LARGEST_BYTES = 64 * 1024 * 1024;
/**
 * A gateway that answers so soon is on this network: nothing is coded before the link was seen to be slow.
 */
const NEAR_MS = 25;
/** The newest instance weighs so much in the rate: the first ones pay for the start of the thread. */
const NEWEST = 0.2;

type Job = { readonly resolve: (message: CodedMessage) => void; readonly reject: (error: Error) => void };
type Thread = { readonly worker: Worker; readonly jobs: Map<number, Job> };

/** The threads that code. They start one after the other, each with its first instance or before it. */
class CodingThreads {
  readonly #threads: Thread[] = [];
  #nextId = 0;

  get isComplete(): boolean {
    return this.#threads.length >= THREADS;
  }

  start(): Thread {
    const worker = new Worker(new URL('./coding.worker.ts', import.meta.url));
    const thread: Thread = { worker, jobs: new Map() };
    worker.on('message', (message: CodedMessage) => {
      thread.jobs.get(message.id)?.resolve(message);
      thread.jobs.delete(message.id);
    });
    worker.on('error', (error: Error) => {
      for (const { reject } of thread.jobs.values()) reject(error);
      this.#threads.splice(this.#threads.indexOf(thread), 1);
    });
    this.#threads.push(thread);
    return thread;
  }

  /** A new one where there is room, otherwise the one with the fewest jobs. */
  choose(): Thread {
    if (!this.isComplete) return this.start();
    return this.#threads.reduce((least, one) => (one.jobs.size < least.jobs.size ? one : least));
  }

  code({ worker, jobs }: Thread, bytes: ArrayBuffer): Promise<CodedMessage> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      jobs.set(id, { resolve, reject });
      worker.postMessage({ id, bytes } satisfies ToCode, [bytes]);
    });
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }
}

/**
 * Starts no thread before the round trip is known or something is coded. `now`: milliseconds of a clock that
 * does not jump; `isWanted` false: nothing is coded.
 */
export function createCodingPool(now: () => number, isWanted: boolean): CodingPool {
  const threads = new CodingThreads();
  let link: number | null = null;
  let rate: number | null = null;
  let isNear = false;

  function pays(): boolean {
    if (!isWanted || (link === null && isNear)) return false;
    return codingPays({
      linkBytesPerSecond: link,
      codeBytesPerSecond: rate === null ? null : rate * THREADS,
      expectedRatio: EXPECTED_RATIO,
    });
  }

  function noteRate(measured: number): void {
    rate = rate === null ? measured : NEWEST * measured + (1 - NEWEST) * rate;
  }

  return {
    pays,
    async code(instance) {
      if (instance.size > LARGEST_BYTES) return { encoding: null, bytes: instance };
      const bytes = await instance.arrayBuffer();
      const from = now();
      const thread = threads.choose();
      const waiting = thread.jobs.size;
      const message = await threads.code(thread, bytes);
      // A thread that cannot code is no reason not to send.
      if ('fault' in message) return { encoding: null, bytes: instance };
      if (message.encoding !== null)
        noteRate((instance.size * 1000) / Math.max(1, (now() - from) / (waiting + 1)));
      return { encoding: message.encoding, bytes: new Blob([message.bytes]) };
    },
    noteRoundTrip(ms) {
      isNear = ms < NEAR_MS;
      while (!threads.isComplete && pays()) threads.start();
    },
    noteLink(bytesPerSecond) {
      link = bytesPerSecond;
    },
    close: () => threads.end(),
  };
}
