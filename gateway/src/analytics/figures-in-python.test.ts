// test:all: computed twice on random rows; the tests of figures and kappa guard them by day
/** Percentiles, and kappa with its intervals, are those that another program computes of the same random numbers. */
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { cohensKappa, fleissKappa, type Kappa } from '../reviews/kappa.ts';
import { askProgram } from '../testing/open-subject.ts';
import { createRows } from './tally-rows.ts';

const test = suite('figures, computed twice');
const SCORER = fileURLToPath(new URL('../../../shared/testing/score-figures.py', import.meta.url));
const SAMPLES = 60;
const SEED = 16;

const categories = fc.constantFrom('normal', 'pneumonia', 'other');
/** Some agree by themselves. */
const readingsOf = (readers: number) =>
  fc
    .tuple(
      categories,
      fc.array(fc.option(categories, { freq: 2 }), { minLength: readers, maxLength: readers }),
    )
    .map(([truth, said]) => said.map((one) => one ?? truth));
const pairs = fc.array(readingsOf(2), { minLength: 20, maxLength: 120 });
const subjects = fc
  .integer({ min: 2, max: 5 })
  .chain((readers) => fc.array(readingsOf(readers), { minLength: 20, maxLength: 60 }));
const times = fc.array(fc.nat({ max: 3_600_000 }), { minLength: 1, maxLength: 400 });

const sample = <T>(of: fc.Arbitrary<T>): T[] => fc.sample(of, { seed: SEED, numRuns: SAMPLES });
/** A kappa that is not defined is a test of its own (kappa.test.ts). */
const isMixed = (readings: readonly (readonly string[])[]): boolean => new Set(readings.flat()).size > 1;

type Scored = Readonly<Record<'times' | 'pairs' | 'subjects', readonly (readonly number[])[]>>;

const isNear = (found: readonly number[], expected: readonly number[], what: string): void =>
  assert.ok(
    found.length === expected.length && found.every((value, at) => Math.abs(value - expected[at]!) < 1e-6),
    `${what}: ${found} is not ${expected}`,
  );
const valuesOf = (kappa: Kappa | null): number[] =>
  kappa === null ? [] : [kappa.kappa, kappa.low, kappa.high];

test('percentiles of each group, and kappa with its interval', () => {
  const asked = {
    ...{ times: sample(times), pairs: sample(pairs).filter(isMixed) },
    subjects: sample(subjects).filter(isMixed),
  };
  const said = askProgram('python3', [SCORER], new TextEncoder().encode(JSON.stringify(asked)));
  if (said === null) skip('figures in Python', 'python3 is not installed');
  const scored = JSON.parse(said.text) as Scored;
  const rows = createRows(asked.times.flat().length);
  const groups = asked.times.flatMap((of, group) => of.map(() => group));
  for (const [study, ms] of asked.times.flat().entries())
    rows.add({ ...{ study, ms, instances: 1, bytes: 1, retries: 0 } });
  const tallies = rows.tally((row) => groups[row]!, SAMPLES);
  for (const [group, { times: found }] of tallies.entries())
    isNear([found!.p50, found!.p95], scored.times[group]!, `times ${group}`);
  assert.ok(asked.pairs.length > SAMPLES / 2 && asked.subjects.length > SAMPLES / 2);
  for (const [at, of] of asked.pairs.entries())
    isNear(
      valuesOf(cohensKappa(of.map(([one, other]) => [one!, other!] as const))),
      scored.pairs[at]!,
      `pair ${at}`,
    );
  for (const [at, of] of asked.subjects.entries())
    isNear(valuesOf(fleissKappa(of)), scored.subjects[at]!, `subjects ${at}`);
});

test.run();
