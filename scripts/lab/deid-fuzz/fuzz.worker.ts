/**
 * A thread of the fuzzer: message glue. A batch is a run of fast-check from a seed; its progress stands in
 * memory that the watchdog can see.
 */
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { OPTIONS } from '#shared/deid/profile.ts';
import { pseudonymsOf } from '#testing/deidentified-file.ts';
import { createRules } from '#shared/deid/rules.ts';
import type { DeidRules } from '#shared/deid/rules.ts';
import { plantedFiles } from './files.ts';
import { fuzzInput, type FuzzInput } from './inputs.ts';
import { judgeInput } from './judge-input.ts';
import { beginInput, endInput, type Batch, type BatchResult, type Sight } from './watch.ts';

/** A failure is shrunk for at most this long, then reported as it is. */
const SHRINK_MS = 60_000;

const { sight, corpus } = workerData as { sight: Sight; corpus: string | null };

function rulesOf(options: readonly string[]): DeidRules {
  const outcome = createRules(options);
  if (outcome.kind === 'refused') throw new Error(`${outcome.option}: ${outcome.because}`);
  return outcome.rules;
}

const available = Object.keys(OPTIONS).filter(
  (option) => createRules([option]).kind === 'ready' && option !== 'retain-longitudinal-full-dates',
);
const plain = rulesOf([]);
const together = rulesOf(available);
const pseudonyms = await pseudonymsOf(1);
const input = fuzzInput(await plantedFiles(corpus));

async function runBatch({ seed, inputs }: Batch): Promise<BatchResult> {
  const outcomes: Record<string, number> = {};
  let run = 0;
  let isShrinking = false;
  const count = (name: string): void => {
    outcomes[name] = (outcomes[name] ?? 0) + 1;
  };
  const property = fc.asyncProperty(input, async (one) => {
    beginInput(sight, one.bytes);
    const { outcome, kept, fault } = await judgeInput(
      one.bytes,
      one.withOptions ? together : plain,
      pseudonyms,
    );
    endInput(sight);
    if (!isShrinking) {
      run += 1;
      for (const name of [outcome, ...kept]) count(name);
    }
    if (fault !== null) {
      isShrinking = true;
      throw new Error(fault);
    }
  });
  const result = await fc.check(property, { seed, numRuns: inputs, interruptAfterTimeLimit: SHRINK_MS });
  const smallest = result.counterexample?.[0] as FuzzInput | undefined;
  const fault =
    smallest === undefined
      ? null
      : {
          what: result.errorInstance instanceof Error ? result.errorInstance.message : 'unknown',
          about: smallest.about,
          withOptions: smallest.withOptions,
          base64: Buffer.from(smallest.bytes).toString('base64'),
        };
  return { seed, run, outcomes, fault };
}

parentPort!.on('message', async (batch: Batch) => parentPort!.postMessage(await runBatch(batch)));
parentPort!.postMessage('ready');
