/**
 * Runs a model on sequences of what may happen: 2 000 of them, the same in every run. `RELAY_SEED` gives
 * others, `RELAY_RUNS` another number. Where that is not set, a machine on which 2 000 take more than two
 * minutes ends then; how many have run is said.
 */
import fc from 'fast-check';

const { RELAY_RUNS, RELAY_SEED } = process.env;
const RUNS = Number(RELAY_RUNS ?? 2_000);
export const SEED = Number(RELAY_SEED ?? 1);
const TIME =
  RELAY_RUNS === undefined ? { interruptAfterTimeLimit: 120_000, markInterruptAsFailure: false } : {};

/** `examples`: always run, and first. Throws fast-check's report of the smallest sequence that fails. */
export async function runSequences<Sequence>(
  sequences: fc.Arbitrary<Sequence>,
  live: (sequence: Sequence) => Promise<void>,
  examples: readonly Sequence[] = [],
): Promise<void> {
  const outcome = await fc.check(fc.asyncProperty(sequences, live), {
    numRuns: RUNS + examples.length,
    seed: SEED,
    includeErrorInReport: true,
    examples: examples.map((example): [Sequence] => [example]),
    ...TIME,
  });
  if (outcome.failed) throw new Error(fc.defaultReportMessage(outcome));
  process.stdout.write(`${outcome.numRuns - examples.length} of ${RUNS} sequences, seed ${SEED}\n`);
}
