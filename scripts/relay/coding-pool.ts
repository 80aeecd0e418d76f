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

/**
 * Starts no thread before the round trip is known or something is coded. `now`: milliseconds of a clock that
 * does not jump; `isWanted` false: nothing is coded.
 */
export function createCodingPool(now: () => number, isWanted: boolean): CodingPool {
  const threads: Thread[] = [];
  let link: number | null = null;
  let rate: number | null = null;
  let isNear = false;
  let nextId = 0;

  function spawn(): Thread {
    const thread: Thread = {
      worker: new Worker(new URL('./coding.worker.ts', import.meta.url)),
      jobs: new Map(),
    };
    thread.worker.on('message', (message: CodedMessage) => {
      thread.jobs.get(message.id)?.resolve(message);
      thread.jobs.delete(message.id);
    });
    thread.worker.on('error', (error: Error) => {
      for (const { reject } of thread.jobs.values()) reject(error);
      threads.splice(threads.indexOf(thread), 1);
    });
    threads.push(thread);
    return thread;
  }

  function codeOn({ worker, jobs }: Thread, bytes: ArrayBuffer): Promise<CodedMessage> {
    const id = nextId;
    nextId += 1;
    return new Promise((resolve, reject) => {
      jobs.set(id, { resolve, reject });
      worker.postMessage({ id, bytes } satisfies ToCode, [bytes]);
    });
  }

  function pays(): boolean {
    if (!isWanted || (link === null && isNear)) return false;
    return codingPays({
      linkBytesPerSecond: link,
      codeBytesPerSecond: rate === null ? null : rate * THREADS,
      expectedRatio: EXPECTED_RATIO,
    });
  }

  return {
    pays,
    async code(instance) {
      if (instance.size > LARGEST_BYTES) return { encoding: null, bytes: instance };
      const bytes = await instance.arrayBuffer();
      const from = now();
      const thread =
        threads.length < THREADS
          ? spawn()
          : threads.reduce((least, one) => (one.jobs.size < least.jobs.size ? one : least));
      const waiting = thread.jobs.size;
      const message = await codeOn(thread, bytes);
      // A thread that cannot code is no reason not to send.
      if ('fault' in message) return { encoding: null, bytes: instance };
      const measured = (instance.size * 1000) / Math.max(1, (now() - from) / (waiting + 1));
      if (message.encoding !== null)
        rate = rate === null ? measured : NEWEST * measured + (1 - NEWEST) * rate;
      return { encoding: message.encoding, bytes: new Blob([message.bytes]) };
    },
    noteRoundTrip(ms) {
      isNear = ms < NEAR_MS;
      while (threads.length < THREADS && pays()) spawn();
    },
    noteLink(bytesPerSecond) {
      link = bytesPerSecond;
    },
    async close() {
      await Promise.all(threads.splice(0).map(({ worker }) => worker.terminate()));
    },
  };
}
