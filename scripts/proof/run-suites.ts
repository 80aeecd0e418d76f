/**
 * Runs test files in this one process through uvu and reports each file's counts and time to the parent
 * process (`run-files.ts`).
 *
 * uvu's own command stops at the first file that cannot be loaded and calls a suite whose `before` failed a
 * success; here both are failures of that file, and the others still run. Tests get uvu through
 * `counted-uvu.ts` and `counted-assert.ts`: one that asserts nothing fails, one that skips itself counts as
 * skipped, and a file that registers no test and skips nothing fails.
 *
 * The inputs that fast-check generates are the same in every run, so that a failure comes from the change;
 * `RELAY_SEED` gives others.
 */
import { registerHooks } from 'node:module';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { takeTold, type Skip } from '#testing/environment.ts';
import { takeThrownSkips } from './test-outcome.ts';

export type ToldSkip = { readonly what: string; readonly why: string };
export type SuiteReport = {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  /** Each stands for one test, or for those that the file did not register. */
  readonly skips: readonly ToldSkip[];
  readonly ms: number;
};

/**
 * uvu keeps of each file its name, then its suites; a suite answers [errors or true, passed, skipped, total].
 */
type SuiteRun = () => Promise<[string | true, number, number, number]>;
type UvuGlobals = { UVU_DEFER?: number; UVU_INDEX?: number; UVU_QUEUE: [string, ...SuiteRun[]][] };

const COUNTED: Readonly<Record<string, string>> = {
  uvu: new URL('./counted-uvu.ts', import.meta.url).href,
  'uvu/assert': new URL('./counted-assert.ts', import.meta.url).href,
};

const report = (done: SuiteReport): void => void process.send?.(done);
const told = ({ what, why }: Skip): ToldSkip => ({ what, why });

/** The counted modules themselves get the real ones. */
function countTests(): void {
  const own = Object.values(COUNTED);
  registerHooks({
    resolve(specifier, context, next) {
      const counted = COUNTED[specifier];
      const isOwn = own.includes(context.parentURL ?? '');
      return next(counted === undefined || isOwn ? specifier : counted, context);
    },
  });
}

/** Registers the suites of each file; answers with what each skipped while it was loaded. */
async function load(files: readonly string[], uvu: UvuGlobals): Promise<ToldSkip[][]> {
  const skips: ToldSkip[][] = [];
  for (const [index, file] of files.entries()) {
    uvu.UVU_INDEX = index;
    uvu.UVU_QUEUE.push([relative('.', file)]);
    await import(pathToFileURL(file).href).catch((error: Error) => {
      uvu.UVU_QUEUE[index]!.push(async () => [`  ${file} could not be loaded:\n  ${error.stack}\n`, 0, 0, 1]);
    });
    skips.push(takeTold().map(told));
  }
  return skips;
}

/** Wraps the suites of a file so that their counts and their time become known. */
function measured(file: string, suites: readonly SuiteRun[], skipped: readonly ToldSkip[]): SuiteRun[] {
  const sum = { passed: 0, failed: 0 };
  const skips = [...skipped];
  let startedAt = 0;
  const first: SuiteRun = async () => {
    startedAt = performance.now();
    return [true, 0, 0, 0];
  };
  const counted = suites.map(
    (suite): SuiteRun =>
      async () => {
        const result = await suite();
        const [, passed, marked, total] = result;
        const thrown = takeThrownSkips().map(told);
        sum.passed += passed - thrown.length;
        sum.failed += total - passed;
        skips.push(...thrown, ...takeTold().map(told));
        for (let count = 0; count < marked; count += 1) skips.push({ what: file, why: 'marked so' });
        return result;
      },
  );
  const last: SuiteRun = async () => {
    const isEmpty = sum.passed + sum.failed + skips.length === 0;
    report({
      file,
      passed: sum.passed,
      failed: isEmpty ? 1 : sum.failed,
      skips,
      ms: performance.now() - startedAt,
    });
    return isEmpty ? [`  ${file} has no test\n`, 0, 0, 1] : [true, 0, 0, 0];
  };
  return [first, ...counted, last];
}

const files = process.argv.slice(2).map((file) => resolve(file));
const uvu = globalThis as unknown as UvuGlobals;
uvu.UVU_DEFER = 1;
countTests();
const { default: fc } = await import('fast-check');
fc.configureGlobal({ seed: Number(process.env.RELAY_SEED ?? 1) });
const { exec } = (await import('uvu')) as unknown as { exec: () => Promise<void> };
const skipsOfFiles = await load(files, uvu);
for (const [index, [name, ...suites]] of uvu.UVU_QUEUE.entries()) {
  uvu.UVU_QUEUE[index] = [name, ...measured(name, suites, skipsOfFiles[index]!)];
}
await exec();
// A server or a timer that a test forgot must not keep the run open; what it left behind is the test's own
// fault.
process.disconnect?.();
process.exit();
