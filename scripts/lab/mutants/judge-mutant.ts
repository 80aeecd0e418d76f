/**
 * Shows one mutant to the tests that run its place, the quickest first, until one of them notices. A test that
 * no longer ends, or whose process dies, has noticed too.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../../check/source-files.ts';
import { runFiles } from '../../proof/test-processes.ts';
import type { Mutant } from './mutant.ts';
import { reaches, type Reach } from './reach.ts';

export type Judgement = {
  readonly outcome: 'noticed' | 'survived' | 'not run';
  /** The test that noticed it; of a survivor, how many saw it. */
  readonly by: string;
};

const APPLY = fileURLToPath(new URL('./apply-mutant.ts', import.meta.url));
/** The first process gets tests of this many seconds together, each later one four times as many. */
const FIRST_MS = 4_000;
const GROWTH = 4;
/** Above the time without a mutant, on a machine that does other things too. */
const SPARE_MS = 30_000;
const SLOWER = 5;

/** Each group is shown the mutant in one process. */
function inGroups(tests: readonly Reach[]): Reach[][] {
  const groups: Reach[][] = [];
  let limit = FIRST_MS;
  let sum = Number.POSITIVE_INFINITY;
  for (const test of [...tests].sort((a, b) => a.ms - b.ms)) {
    if (sum + test.ms > limit) {
      groups.push([]);
      limit = FIRST_MS * GROWTH ** (groups.length - 1);
      sum = 0;
    }
    groups.at(-1)!.push(test);
    sum += test.ms;
  }
  return groups;
}

export async function judgeMutant(
  mutant: Mutant,
  all: readonly Reach[],
  env: NodeJS.ProcessEnv,
): Promise<Judgement> {
  const tests = all.filter((test) => reaches(test, mutant));
  if (tests.length === 0) return { outcome: 'not run', by: 'no test runs its place' };
  const withMutant = {
    ...env,
    NODE_OPTIONS: `--import=${APPLY}`,
    RELAY_MUTANT: JSON.stringify({ ...mutant, file: join(ROOT, mutant.file) }),
  };
  for (const group of inGroups(tests)) {
    const ms = group.reduce((sum, test) => sum + test.ms, 0);
    const reports = await runFiles({
      files: group.map(({ test }) => test),
      env: withMutant,
      withinMs: SPARE_MS + ms * SLOWER,
      isQuiet: true,
      endsAtFailure: true,
    });
    const noticed =
      reports.find(({ failed, note }) => failed > 0 && note === null) ??
      reports.find(({ failed }) => failed > 0);
    if (noticed) return { outcome: 'noticed', by: noticed.note === null ? noticed.file : noticed.note };
  }
  return { outcome: 'survived', by: `${tests.length} test files run its place` };
}
