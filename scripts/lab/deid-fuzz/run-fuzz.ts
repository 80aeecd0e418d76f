/**
 * Runs batches on threads, watches each input, and counts the outcomes. An input that does not end, or that
 * kills its thread, is a fault like any other; another thread takes over.
 */
import { setTimeout as after } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createSight, inputUnderWay, msUnderWay } from './watch.ts';
import type { Batch, BatchResult, Fault, Sight } from './watch.ts';

export type FuzzSettings = {
  readonly inputs: number;
  readonly seed: number;
  readonly threads: number;
  readonly corpus: string | null;
  /** Told after each batch. */
  readonly progress?: (run: number) => void;
};

export type FuzzReport = {
  readonly run: number;
  readonly hangs: number;
  readonly crashes: number;
  readonly ms: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Each with the seed of its batch; of one kind the first. */
  readonly faults: readonly (Fault & { readonly seed: number })[];
};

const BATCH = 500;
/** An input takes milliseconds, the largest 200 ms; on a busy machine ten times that. */
const HANG_MS = 15_000;
const LOOK_MS = 200;
/**
 * An instance may take its header's limit of 64 MiB several times over; a higher need would strain a tablet.
 */
const HEAP_MB = 1024;
/** More kinds of faults than this tell nothing new. */
const FAULTS_LIMIT = 12;

type Thread = { readonly worker: Worker; readonly sight: Sight; readonly ready: Promise<void> };

function startThread(corpus: string | null): Thread {
  const sight = createSight();
  const worker = new Worker(new URL('./fuzz.worker.ts', import.meta.url), {
    workerData: { sight, corpus },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const ready = new Promise<void>((resolve, reject) =>
    worker.once('message', () => resolve()).once('error', reject),
  );
  return { worker, sight, ready };
}

type Ending =
  | { readonly kind: 'done'; readonly result: BatchResult }
  | { readonly kind: 'hang' }
  | { readonly kind: 'crash'; readonly error: Error };

async function runBatch({ worker, sight }: Thread, batch: Batch): Promise<Ending> {
  const ended = new AbortController();
  const done = new Promise<Ending>((resolve) => {
    worker.once('message', (result: BatchResult) => resolve({ kind: 'done', result }));
    worker.once('error', (error: Error) => resolve({ kind: 'crash', error }));
  });
  const watch = async (): Promise<Ending> => {
    // Looks are counted, not time: a machine that stood still was looked at once.
    for (let looks = 0; looks < HANG_MS / LOOK_MS; looks = msUnderWay(sight) > LOOK_MS ? looks + 1 : 0)
      await after(LOOK_MS, null, { signal: ended.signal });
    return { kind: 'hang' };
  };
  worker.postMessage(batch);
  try {
    return await Promise.race([done, watch().catch(() => done)]);
  } finally {
    ended.abort();
    worker.removeAllListeners('message').removeAllListeners('error');
  }
}

/** The part of a fault that is the same for its kind: without the places of one instance. */
const kindOf = ({ what }: Fault): string => what.replace(/[0-9a-f]{4},[0-9a-f]{4}/g, 'tag');

/** The outcomes so far, and how many inputs are still to be given out. */
class Tally {
  readonly outcomes: Record<string, number> = {};
  readonly #faults = new Map<string, Fault & { seed: number }>();
  readonly #inputs: number;
  readonly #seed: number;
  #given = 0;
  #batches = 0;
  run = 0;
  hangs = 0;
  crashes = 0;

  constructor(inputs: number, seed: number) {
    this.#inputs = inputs;
    this.#seed = seed;
  }

  get faults(): FuzzReport['faults'] {
    return [...this.#faults.values()];
  }

  /** Null where all inputs are given out, or enough faults are known. */
  nextBatch(): Batch | null {
    if (this.#given >= this.#inputs || this.#faults.size >= FAULTS_LIMIT) return null;
    const batch: Batch = {
      seed: Math.imul(this.#seed, 0x9e3779b1) + this.#batches,
      inputs: Math.min(BATCH, this.#inputs - this.#given),
    };
    this.#batches += 1;
    this.#given += batch.inputs;
    return batch;
  }

  noteDone(batch: Batch, result: BatchResult): void {
    this.run += result.run;
    // Another batch makes up for the inputs that a fault left over.
    this.#given -= batch.inputs - result.run;
    for (const [name, count] of Object.entries(result.outcomes))
      this.outcomes[name] = (this.outcomes[name] ?? 0) + count;
    if (result.fault !== null) this.#note(result.fault, batch.seed);
  }

  /** `input`: the one during which the thread hung or ended. */
  noteEnded(batch: Batch, ending: Exclude<Ending, { kind: 'done' }>, input: Buffer): void {
    const isHang = ending.kind === 'hang';
    if (isHang) this.hangs += 1;
    else this.crashes += 1;
    const what = isHang ? `not done after ${HANG_MS / 1000} s` : `the thread ended: ${ending.error.name}`;
    const base64 = input.toString('base64');
    this.#note({ what, about: 'not made smaller', withOptions: false, base64 }, batch.seed);
  }

  #note(fault: Fault, seed: number): void {
    const kind = kindOf(fault);
    if (!this.#faults.has(kind)) this.#faults.set(kind, { ...fault, seed });
  }
}

/** Runs batches on one thread after the other, until there are no more. */
async function runLane(
  tally: Tally,
  corpus: string | null,
  progress: FuzzSettings['progress'],
): Promise<void> {
  let thread = startThread(corpus);
  await thread.ready;
  for (let batch = tally.nextBatch(); batch !== null; batch = tally.nextBatch()) {
    const ending = await runBatch(thread, batch);
    if (ending.kind === 'done') tally.noteDone(batch, ending.result);
    else {
      tally.noteEnded(batch, ending, inputUnderWay(thread.sight));
      await thread.worker.terminate();
      thread = startThread(corpus);
      await thread.ready;
    }
    progress?.(tally.run);
  }
  await thread.worker.terminate();
}

export async function runFuzz({
  inputs,
  seed,
  threads,
  corpus,
  progress,
}: FuzzSettings): Promise<FuzzReport> {
  const tally = new Tally(inputs, seed);
  const from = performance.now();
  await Promise.all(Array.from({ length: threads }, () => runLane(tally, corpus, progress)));
  const { run, hangs, crashes, outcomes, faults } = tally;
  return { run, hangs, crashes, ms: performance.now() - from, outcomes, faults };
}
