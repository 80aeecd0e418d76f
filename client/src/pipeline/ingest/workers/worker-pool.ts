/**
 * A pool of workers that run tasks in order. When a task is aborted its worker is terminated, so that a hostile file
 * cannot occupy a core. The page's thread only passes messages.
 */
import type { ResultOf, Task } from './device-tasks.ts';

export interface ToWorker {
  readonly id: number;
  readonly task: Task;
}
export type FromWorker =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly fault: string };

/** The parts of a `Worker` that the pool uses. */
export interface PoolWorker {
  postMessage(message: ToWorker): void;
  terminate(): void;
  onmessage: ((message: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/**
 * A task failed inside the worker. `name`: the name of the error there; `WorkerEnded` if the worker itself died;
 * `WorkerMissing` if its script could not be loaded, which says nothing about the task.
 */
export class TaskFault extends Error {
  constructor(name: string) {
    super(`a task failed: ${name}`);
    this.name = name;
  }
}

export interface WorkerPool {
  readonly size: number;
  /** Throws TaskFault, the signal's reason, or a TimeoutError if a picture takes too long. */
  run<T extends Task>(task: T, signal: AbortSignal): Promise<ResultOf<T>>;
  /** Ends every worker, busy ones after their task, so that nothing they remember about patients remains. */
  renew(): void;
  close(): void;
}

/** All cores except the one that renders the page, but at least one. */
export function poolSize(cores: number): number {
  return Math.max(1, Math.min(8, cores - 1));
}

/**
 * The time limit for a picture, counted from the start of the worker and including the code that it must load. A
 * normal frame takes a second or two. A picture for the screen is not worth more, and hostile files must not keep the
 * cores from sending.
 */
export const PICTURE_MS = 15_000;

interface Job {
  readonly task: Task;
  readonly signal: AbortSignal;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** `timeout`: returns a signal that aborts after `ms` milliseconds. */
export function createWorkerPool(
  size: number,
  spawn: () => PoolWorker,
  timeout = (ms: number) => AbortSignal.timeout(ms),
): WorkerPool {
  return new Workers(size, spawn, timeout);
}

class Workers implements WorkerPool {
  readonly size: number;
  readonly #spawn: () => PoolWorker;
  readonly #timeout: (ms: number) => AbortSignal;
  readonly #idle: PoolWorker[] = [];
  /** Workers that are still busy with files of the previous person. */
  readonly #retiring = new WeakSet<PoolWorker>();
  readonly #waiting: Job[] = [];
  readonly #busy = new Set<PoolWorker>();
  #nextId = 0;

  constructor(size: number, spawn: () => PoolWorker, timeout: (ms: number) => AbortSignal) {
    this.size = size;
    this.#spawn = spawn;
    this.#timeout = timeout;
  }

  run<T extends Task>(task: T, signal: AbortSignal): Promise<ResultOf<T>> {
    const settled = new AbortController();
    return new Promise<ResultOf<T>>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const job: Job = { task, signal, resolve: (result) => resolve(result as ResultOf<T>), reject };
      this.#waiting.push(job);
      signal.addEventListener('abort', () => this.#giveUp(job), { once: true, signal: settled.signal });
      this.#startNext();
      // Thousands of tasks under one signal must not leave thousands of listeners.
    }).finally(() => settled.abort());
  }

  renew(): void {
    for (const worker of this.#idle) worker.terminate();
    this.#idle.length = 0;
    for (const worker of this.#busy) this.#retiring.add(worker);
  }

  close(): void {
    this.renew();
    for (const worker of this.#busy) worker.terminate();
  }

  #startNext(): void {
    while (this.#waiting.length > 0 && this.#busy.size < this.size) {
      const job = this.#waiting.shift()!;
      if (job.signal.aborted) job.reject(job.signal.reason);
      else this.#start(this.#idle.pop() ?? this.#spawn(), job);
    }
  }

  #start(worker: PoolWorker, job: Job): void {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#busy.add(worker);
    const { task } = job;
    // To cover all frames of a film takes its time, and a person waits for it.
    const signal =
      task.kind === 'thumbnail' && !task.boxes
        ? AbortSignal.any([job.signal, this.#timeout(PICTURE_MS)])
        : job.signal;
    const onAbort = () => end(() => job.reject(signal.reason), false);
    const end = (settle: () => void, isUsable: boolean): void => {
      if (!this.#busy.delete(worker)) return;
      signal.removeEventListener('abort', onAbort);
      this.#putAway(worker, isUsable);
      settle();
      this.#startNext();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    worker.onmessage = ({ data }) => {
      if (data.id !== id) return;
      end(() => ('fault' in data ? job.reject(new TaskFault(data.fault)) : job.resolve(data.result)), true);
    };
    // An error of the script has a message; a script that never came has none (HTML, "run a worker").
    worker.onerror = (event) =>
      end(() => job.reject(new TaskFault('message' in event ? 'WorkerEnded' : 'WorkerMissing')), false);
    worker.postMessage({ id, task });
  }

  #putAway(worker: PoolWorker, isUsable: boolean): void {
    worker.onmessage = null;
    worker.onerror = null;
    if (isUsable && !this.#retiring.has(worker)) this.#idle.push(worker);
    else worker.terminate();
  }

  /** A job that waits no longer, unless it has begun. */
  #giveUp(job: Job): void {
    const at = this.#waiting.indexOf(job);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    job.reject(job.signal.reason);
  }
}
