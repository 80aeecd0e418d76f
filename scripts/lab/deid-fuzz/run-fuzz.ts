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

export async function runFuzz({
  inputs,
  seed,
  threads,
  corpus,
  progress,
}: FuzzSettings): Promise<FuzzReport> {
  const outcomes: Record<string, number> = {};
  const faults = new Map<string, Fault & { seed: number }>();
  let run = 0;
  let given = 0;
  let batches = 0;
  let hangs = 0;
  let crashes = 0;
  const from = performance.now();
  const note = (fault: Fault, ofSeed: number): void =>
    void (faults.has(kindOf(fault)) || faults.set(kindOf(fault), { ...fault, seed: ofSeed }));

  async function lane(): Promise<void> {
    let thread = startThread(corpus);
    await thread.ready;
    while (given < inputs && faults.size < FAULTS_LIMIT) {
      const batch: Batch = {
        seed: Math.imul(seed, 0x9e3779b1) + batches,
        inputs: Math.min(BATCH, inputs - given),
      };
      batches += 1;
      given += batch.inputs;
      const ending = await runBatch(thread, batch);
      if (ending.kind === 'done') {
        const { result } = ending;
        run += result.run;
        // Another batch makes up for the inputs that a fault left over.
        given -= batch.inputs - result.run;
        for (const [name, count] of Object.entries(result.outcomes))
          outcomes[name] = (outcomes[name] ?? 0) + count;
        if (result.fault !== null) note(result.fault, batch.seed);
      } else {
        if (ending.kind === 'hang') hangs += 1;
        else crashes += 1;
        const what =
          ending.kind === 'hang'
            ? `not done after ${HANG_MS / 1000} s`
            : `the thread ended: ${ending.error.name}`;
        note(
          {
            what,
            about: 'not made smaller',
            withOptions: false,
            base64: inputUnderWay(thread.sight).toString('base64'),
          },
          batch.seed,
        );
        await thread.worker.terminate();
        thread = startThread(corpus);
        await thread.ready;
      }
      progress?.(run);
    }
    await thread.worker.terminate();
  }

  await Promise.all(Array.from({ length: threads }, lane));
  return { run, hangs, crashes, ms: performance.now() - from, outcomes, faults: [...faults.values()] };
}
