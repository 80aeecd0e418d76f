/**
 * Runs test files in this one process through uvu and reports each file's counts and time to the parent
 * process (`scripts/test.ts`).
 *
 * uvu's own command stops at the first file that cannot be loaded and calls a suite whose `before` failed a
 * success; here both are failures of that file, and the others still run.
 *
 * What fast-check makes up is the same in every run, so that a failure comes from the change; `RELAY_SEED`
 * gives others.
 */
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export type SuiteReport = {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly ms: number;
};

/**
 * What uvu keeps of a file: its name, then its suites; a suite answers [errors or true, passed, skipped,
 * total].
 */
type SuiteRun = () => Promise<[string | true, number, number, number]>;
type UvuGlobals = { UVU_DEFER?: number; UVU_INDEX?: number; UVU_QUEUE: [string, ...SuiteRun[]][] };

const report = (done: SuiteReport): void => void process.send?.(done);

async function load(files: readonly string[], uvu: UvuGlobals): Promise<void> {
  for (const [index, file] of files.entries()) {
    uvu.UVU_INDEX = index;
    uvu.UVU_QUEUE.push([relative('.', file)]);
    await import(pathToFileURL(file).href).catch((error: Error) => {
      uvu.UVU_QUEUE[index]!.push(async () => [`  ${file} could not be loaded:\n  ${error.stack}\n`, 0, 0, 1]);
    });
  }
}

/** Wraps the suites of a file so that their counts and their time become known. */
function measured(file: string, suites: readonly SuiteRun[]): SuiteRun[] {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  let startedAt = 0;
  const first: SuiteRun = async () => {
    startedAt = performance.now();
    return [true, 0, 0, 0];
  };
  const counted = suites.map(
    (suite): SuiteRun =>
      async () => {
        const result = await suite();
        const [, passed, skipped, total] = result;
        sum.passed += passed;
        sum.failed += total - passed;
        sum.skipped += skipped;
        return result;
      },
  );
  const last: SuiteRun = async () => {
    report({ file, ...sum, ms: performance.now() - startedAt });
    return [true, 0, 0, 0];
  };
  return [first, ...counted, last];
}

const files = process.argv.slice(2).map((file) => resolve(file));
const uvu = globalThis as unknown as UvuGlobals;
uvu.UVU_DEFER = 1;
const { default: fc } = await import('fast-check');
fc.configureGlobal({ seed: Number(process.env.RELAY_SEED ?? 1) });
const { exec } = (await import('uvu')) as unknown as { exec: () => Promise<void> };
await load(files, uvu);
uvu.UVU_QUEUE.forEach(
  ([name, ...suites], index) => (uvu.UVU_QUEUE[index] = [name, ...measured(name, suites)]),
);
await exec();
// A server or a timer that a test forgot must not keep the run open; what it left behind is the test's own
// fault.
process.disconnect?.();
process.exit();
