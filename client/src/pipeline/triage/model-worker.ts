/**
 * The worker that runs the models, as the page sees it. It is started when there is something to look at. It is ended
 * when nothing is left, after some images, and whenever it does not answer, because on some tablets it runs out of
 * memory and dies. That image is then not examined, and nothing waits.
 */
import type { FileRef } from '../ingest/choose/collect-files.ts';
import type { Examination } from './examination.ts';

export type ToModelWorker =
  /** Fetches what is not on this device yet. */
  { readonly kind: 'keep' } | { readonly kind: 'examine'; readonly ref: FileRef };
/** `kept`: all parts are here. `fault`: the name of an error. */
export type FromModelWorker =
  | { readonly kind: 'kept' }
  | { readonly kind: 'examined'; readonly examined: Examination }
  | { readonly kind: 'fault'; readonly name: string };

/** The parts of a `Worker` used here. */
export interface ModelWorkerPort {
  postMessage(message: ToModelWorker): void;
  terminate(): void;
  onmessage: ((message: MessageEvent<FromModelWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export interface ModelWorker {
  /** Resolves when the runtime and the models are on this device. Throws ModelWorkerFault, or the signal's reason. */
  keep(signal: AbortSignal): Promise<void>;
  /** Examines a file; call it for one file at a time. Throws ModelWorkerFault, or the signal's reason. */
  examine(ref: FileRef, signal: AbortSignal): Promise<Examination>;
  /** Ends the worker; the next request starts another one. */
  rest(): void;
}

/** `name`: the name of the error in the worker, `WorkerEnded` if it died, or `TimedOut` if it did not answer. */
export class ModelWorkerFault extends Error {
  constructor(name: string) {
    super(`the models did not answer: ${name}`);
    this.name = name;
  }
}

/**
 * A new worker costs as much as four films: 1.5 s to start the runtime and the models, while a film of 2 megapixels
 * takes 0.38 s (Chromium on a busy machine, p50). Over 66 such films the memory of the page did not grow (470 MB
 * after the first, 296 MB after the last). The limit also bounds any growth over a longer life.
 */
export const IMAGES_A_WORKER = 50;
/**
 * A slow tablet starts the runtime within some seconds. After a longer time the technician has already pressed Send.
 */
export const EXAMINE_MS = 20_000;
/**
 * After a failed download the models are not requested again for this long, because each attempt may cost megabytes.
 */
export const KEEP_AGAIN_MS = 300_000;
/** The time for 5 MB over a connection with 20 kB a second. */
const KEEP_MS = 300_000;

interface ModelWorkerTools {
  readonly spawn: () => ModelWorkerPort;
  /** Milliseconds from a clock that does not jump. */
  readonly now: () => number;
  /** Calls `work` after `ms`; returns a function that cancels it. */
  readonly later: (work: () => void, ms: number) => () => void;
}

export function createModelWorker({ spawn, later, now }: ModelWorkerTools): ModelWorker {
  let worker: ModelWorkerPort | null = null;
  let images = 0;
  let keepAgainAt = -Infinity;

  function rest(): void {
    worker?.terminate();
    worker = null;
    images = 0;
  }

  function ask(
    message: ToModelWorker,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<Exclude<FromModelWorker, { kind: 'fault' }>> {
    signal.throwIfAborted();
    worker ??= spawn();
    const asked = worker;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        signal.removeEventListener('abort', onAbort);
        callOff();
        asked.onmessage = null;
        asked.onerror = null;
        settle();
      };
      const fail = (error: unknown) =>
        end(() => {
          rest();
          reject(error);
        });
      const onAbort = () => fail(signal.reason);
      const callOff = later(() => fail(new ModelWorkerFault('TimedOut')), withinMs);
      signal.addEventListener('abort', onAbort, { once: true });
      asked.onmessage = ({ data }) =>
        data.kind === 'fault' ? fail(new ModelWorkerFault(data.name)) : end(() => resolve(data));
      asked.onerror = () => fail(new ModelWorkerFault('WorkerEnded'));
      asked.postMessage(message);
    });
  }

  return {
    async keep(signal) {
      if (now() < keepAgainAt) throw new ModelWorkerFault('PartMissing');
      await ask({ kind: 'keep' }, KEEP_MS, signal).catch((error: unknown) => {
        if (!signal.aborted) keepAgainAt = now() + KEEP_AGAIN_MS;
        throw error;
      });
    },
    async examine(ref, signal) {
      const answer = await ask({ kind: 'examine', ref }, EXAMINE_MS, signal);
      if (answer.kind !== 'examined') throw new ModelWorkerFault('UnknownAnswer');
      images += 1;
      if (images >= IMAGES_A_WORKER) rest();
      return answer.examined;
    },
    rest,
  };
}
