/**
 * Runs a simulation on sequences of what may happen to it. The seed is fixed, so every run draws the same
 * sequences; each simulation names a floor, and running fewer is a failure, however slow the machine.
 * `RELAY_RUNS` asks for more than the floor, `RELAY_SEED` for other sequences.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';

const { RELAY_RUNS, RELAY_SEED } = process.env;
export const SEED = Number(RELAY_SEED ?? 1);

export interface Simulation<Sequence> {
  readonly sequences: fc.Arbitrary<Sequence>;
  /** Plays one sequence from beginning to end; throws where a promise is broken. */
  live(sequence: Sequence): Promise<void>;
  /** How many sequences prove something: fewer are never enough. */
  readonly floor: number;
  /** Played first, on top of the floor. */
  readonly examples?: readonly Sequence[];
}

/** Throws fast-check's report of the smallest sequence that fails, or when the floor was not reached. */
export async function runSequences<Sequence>(simulation: Simulation<Sequence>): Promise<void> {
  const { sequences, live, floor, examples = [] } = simulation;
  const runs = Math.max(floor, Number(RELAY_RUNS ?? floor));
  const outcome = await fc.check(fc.asyncProperty(sequences, live), {
    numRuns: runs + examples.length,
    seed: SEED,
    includeErrorInReport: true,
    examples: examples.map((example): [Sequence] => [example]),
  });
  if (outcome.failed) throw new Error(fc.defaultReportMessage(outcome));
  const played = outcome.numRuns - examples.length;
  assert.ok(played >= floor, `only ${played} sequences were played, the floor is ${floor}`);
  process.stdout.write(`${played} sequences, seed ${SEED}\n`);
}
