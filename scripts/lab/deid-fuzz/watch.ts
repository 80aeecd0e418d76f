/**
 * Shared by a thread of the fuzzer and its watchdog: the batches, and memory in which the thread names its
 * present input, so that an input that never ends can be reported although its thread no longer answers.
 */

export type Batch = { readonly seed: number; readonly inputs: number };

export type Fault = {
  readonly what: string;
  readonly about: string;
  readonly withOptions: boolean;
  /** The smallest input that does it. */
  readonly base64: string;
};

export type BatchResult = {
  readonly seed: number;
  /** Inputs that were judged: fewer than asked for after a fault, for the rest of the batch is not run. */
  readonly run: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly fault: Fault | null;
};

/** Shared: whether an input is under way since when, how many bytes it has, and its first bytes. */
export type Sight = {
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
};

const SEEN_BYTES = 1024 * 1024;
const STARTED = 0;
const LENGTH = 1;

export function createSight(): Sight {
  return {
    state: new Int32Array(new SharedArrayBuffer(8)),
    bytes: new Uint8Array(new SharedArrayBuffer(SEEN_BYTES)),
  };
}

/** Tenths of a second since a time that all threads share; never 0. */
function now(): number {
  return Math.floor(Date.now() / 100) & 0x7fffffff || 1;
}

export function beginInput({ state, bytes }: Sight, input: Uint8Array): void {
  bytes.set(input.subarray(0, SEEN_BYTES));
  Atomics.store(state, LENGTH, input.length);
  Atomics.store(state, STARTED, now());
}

export function endInput({ state }: Sight): void {
  Atomics.store(state, STARTED, 0);
}

/** How long the input that is under way has taken; 0 where none is. */
export function msUnderWay({ state }: Sight): number {
  const started = Atomics.load(state, STARTED);
  return started === 0 ? 0 : ((now() - started) & 0x7fffffff) * 100;
}

/** The input that is under way, cut to what is kept of it. */
export function inputUnderWay({ state, bytes }: Sight): Buffer {
  return Buffer.from(bytes.slice(0, Math.min(Atomics.load(state, LENGTH), SEEN_BYTES)));
}
