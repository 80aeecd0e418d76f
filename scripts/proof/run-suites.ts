/**
 * Runs test files in this one process through uvu and reports each file's counts and time to the parent
 * process (`test-processes.ts`).
 *
 * uvu's own command stops at the first file that cannot be loaded and calls a suite whose `before` failed a
 * success; here both are failures of that file, and the others still run. Tests get uvu through
 * `counted-uvu.ts` and `counted-assert.ts`: one that asserts nothing fails, one that skips itself counts as
 * skipped, and a file that registers no test and skips nothing fails. An error outside of any test fails the file
 * that began it, even after its tests, while the process runs.
 *
 * Random values, and the inputs that fast-check generates, are the same in every run, so that a failure comes from the
 * change; `RELAY_SEED` gives others, and so does each round of `--repeat`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { takeTold, type Skip } from '#testing/environment.ts';
import { beginFile, keepFailure, untilKept } from '#testing/failures.ts';
import { seedRandomness, takeOverRandomness } from './seeded-randomness.ts';
import {
  countAssertion,
  endLoading,
  takeFailed,
  takeLateErrors,
  takeThrownSkips,
  takeUnrun,
} from './test-outcome.ts';

export type ToldSkip = { readonly what: string; readonly why: string };
export type SuiteReport = {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  /** The titles of those that failed. */
  readonly failures: readonly string[];
  /** Each stands for one test, or for those that the file did not register. */
  readonly skips: readonly ToldSkip[];
  readonly ms: number;
  /** Processor time of this process and of the children that it has seen end. */
  readonly cpuMs: number;
};

/** A message to the parent process: the file at work, an error outside of its tests, its report. */
export type Told =
  | { readonly kind: 'begun'; readonly file: string }
  | { readonly kind: 'fault'; readonly file: string }
  | { readonly kind: 'report'; readonly report: SuiteReport };

/**
 * uvu keeps of each file its name, then its suites; a suite answers [errors or true, passed, skipped, total].
 */
type SuiteRun = () => Promise<[string | true, number, number, number]>;
type UvuGlobals = { UVU_DEFER?: number; UVU_INDEX?: number; UVU_QUEUE: [string, ...SuiteRun[]][] };

const COUNTED: Readonly<Record<string, string>> = {
  uvu: new URL('./counted-uvu.ts', import.meta.url).href,
  'uvu/assert': new URL('./counted-assert.ts', import.meta.url).href,
  'playwright/test': new URL('./counted-expect.ts', import.meta.url).href,
};

/** Kernel ticks in a second: 100 on every Linux (USER_HZ). */
const TICK_MS = 10;

/** proc_pid_stat(5): utime, stime, cutime and cstime are the fields 14 to 17. Elsewhere this process alone. */
function cpuMsSoFar(): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
}

/** Answers with the time since now. */
function startWatch(): () => { ms: number; cpuMs: number } {
  const from = performance.now();
  const cpuFrom = cpuMsSoFar();
  return () => ({ ms: performance.now() - from, cpuMs: cpuMsSoFar() - cpuFrom });
}

const told = ({ what, why }: Skip): ToldSkip => ({ what, why });

const tell = (what: Told): void => void process.send?.(what);
/** The file that began the work which runs now, and the one whose turn it is. */
const at = new AsyncLocalStorage<string>();
let current = '';

function begin(file: string): void {
  current = file;
  watchFaults();
  tell({ kind: 'begun', file });
  beginFile(file);
}

/** Told, and not the end of the process: the files that follow are not to blame. */
function tellFault(error: unknown): void {
  const file = at.getStore() ?? current;
  process.stdout.write(`  Outside of the tests of ${file}: ${inspect(error)}\n`);
  tell({ kind: 'fault', file });
  void keepFailure(error, { file, title: 'outside of its tests' });
}

/** In place of the listeners that an earlier file has left. */
function watchFaults(): void {
  for (const event of ['uncaughtException', 'unhandledRejection']) process.removeAllListeners(event);
  process.on('uncaughtException', tellFault);
}

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

/** The outcome of loading a file. */
type Loaded = {
  readonly skips: readonly ToldSkip[];
  /** Titles of tests that will not run. */
  readonly unrun: readonly string[];
  readonly ms: number;
  readonly cpuMs: number;
};

/** Registers the suites of each file. */
async function load(files: readonly string[], uvu: UvuGlobals): Promise<Loaded[]> {
  const { test: shared } = await import('./counted-uvu.ts');
  const loaded: Loaded[] = [];
  for (const [index, file] of files.entries()) {
    const stop = startWatch();
    seedRandomness(seedOf(`loading ${file}`));
    uvu.UVU_INDEX = index;
    uvu.UVU_QUEUE.push([file]);
    begin(file);
    const url = pathToFileURL(resolve(file)).href;
    await at
      .run(file, () => import(url))
      .catch(async (error: unknown) => {
        await keepFailure(error);
        const words = `  ${file} could not be loaded:\n  ${inspect(error)}\n`;
        uvu.UVU_QUEUE[index]!.push(async () => [words, 0, 0, 1]);
      });
    loaded.push({ skips: takeTold().map(told), unrun: takeUnrun(), ...stop() });
    // The suite that all share forgets what this file left on it.
    uvu.UVU_INDEX = files.length;
    uvu.UVU_QUEUE[files.length] = [''];
    shared.run();
    uvu.UVU_QUEUE.length = index + 1;
  }
  endLoading();
  return loaded;
}

const seedOf = (file: string): string =>
  [process.env.RELAY_SEED ?? 1, process.env.RELAY_TEST_ROUND ?? 1, file].join(' ');

/** Wraps the suites of a file so that their counts and their time become known. */
function measured(file: string, suites: readonly SuiteRun[], loaded: Loaded): SuiteRun[] {
  const sum = { passed: 0, failed: loaded.unrun.length };
  const skips = [...loaded.skips];
  const failures = loaded.unrun.map((title) => `${title} (never run)`);
  let stop = startWatch();
  const first: SuiteRun = async () => {
    begin(file);
    seedRandomness(seedOf(file));
    stop = startWatch();
    if (loaded.unrun.length === 0) return [true, 0, 0, 0];
    const words = `  ${file}: never run, for want of run() after them, or by only: ${loaded.unrun.join('; ')}\n`;
    return [words, 0, 0, loaded.unrun.length];
  };
  const counted = suites.map(
    (suite): SuiteRun =>
      async () => {
        const result = await at.run(file, suite);
        const [errors, passed, marked, total] = result;
        const thrown = takeThrownSkips().map(told);
        const late = takeLateErrors();
        sum.passed += passed - thrown.length;
        sum.failed += total - passed + late.length;
        skips.push(...thrown, ...takeTold().map(told));
        failures.push(...takeFailed(), ...late.map(() => 'after the tests'));
        for (let count = 0; count < marked; count += 1) skips.push({ what: file, why: 'marked so' });
        if (late.length === 0) return result;
        const words = late.map((error) => `  After the tests of ${file}: ${inspect(error)}\n`);
        return [[errors === true ? '' : errors, ...words].join('\n'), passed, marked, total + late.length];
      },
  );
  const last: SuiteRun = async () => {
    const isEmpty = sum.passed + sum.failed + skips.length === 0;
    const { ms, cpuMs } = stop();
    const failed = isEmpty ? 1 : sum.failed;
    const time = { ms: ms + loaded.ms, cpuMs: cpuMs + loaded.cpuMs };
    tell({ kind: 'report', report: { file, passed: sum.passed, failed, failures, skips, ...time } });
    return isEmpty ? [`  ${file} has no test\n`, 0, 0, 1] : [true, 0, 0, 0];
  };
  return [first, ...counted, last];
}

// The parent process was killed: nobody waits for the rest.
process.once('disconnect', () => process.exit(1));

const files = process.argv.slice(2);
const uvu = globalThis as unknown as UvuGlobals;
uvu.UVU_DEFER = 1;
const { exec } = (await import('uvu')) as unknown as { exec: () => Promise<void> };
countTests();
takeOverRandomness();
const { default: fc } = await import('fast-check');
fc.configureGlobal({
  seed: Number(process.env.RELAY_SEED ?? 1) + Number(process.env.RELAY_TEST_ROUND ?? 1) - 1,
  // A property that held is an assertion too.
  reporter: (outcome) => {
    if (outcome.numRuns > 0) countAssertion();
    if (!outcome.failed) return;
    const { errorInstance } = outcome;
    const cause = errorInstance instanceof Error ? `\n${errorInstance.stack}` : '';
    throw new Error(`${fc.defaultReportMessage(outcome)}${cause}`);
  },
});
const loadedFiles = await load(files, uvu);
for (const [index, [name, ...suites]] of uvu.UVU_QUEUE.entries()) {
  uvu.UVU_QUEUE[index] = [name, ...measured(name, suites, loadedFiles[index]!)];
}
await exec();
// Promises that the last tests left behind are rejected now, and everything kept and written arrives.
await setImmediate();
await untilKept();
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((written) => void stream.write('', () => written()));
// A server or a timer that a test forgot must not keep the run open; cleaning up is the test's own duty.
process.disconnect?.();
process.exit(0);
