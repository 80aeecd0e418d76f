/**
 * `npm test [-- PATTERN…]`: proves the product (DESIGN §2.5): the checks of the house, every `*.e2e.ts` and
 * `*.model.test.ts` in a process of its own and the other `*.test.ts` some together, two processes side by
 * side. With patterns, only the files whose path holds one of them (and the checks for `check`). Where no
 * more than a few files fail, each is run once more by itself; that it passed only then is said.
 *
 * Everything lies in temporary folders and on free ports, and nothing is left running. The last line is `N
 * passed, N failed`, the one before it says what was skipped and why. Exits 0 only when nothing failed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWebApp, isWebAppCurrent } from './build.ts';
import { describeChecks, runChecks } from './check.ts';
import { findSources, ROOT } from './check/source-files.ts';
import { prepareTestParts } from './proof/test-parts.ts';
import type { TestParts } from './proof/test-parts.ts';
import { runFiles } from './proof/test-processes.ts';
import type { FileReport } from './proof/test-processes.ts';

/**
 * The longest takes two minutes here; what takes this long hangs. Tests that run once for each mutation have
 * the time for it.
 */
const WITHIN_MS = (process.env.RELAY_MUTATIONS ? 10 : 1) * 8 * 60_000;
const AT_ONCE = 2;
/** To start a process for each file would take longer than most of them. */
const UNITS_TOGETHER = 12;
const SLOWEST_SHOWN = 16;
/** More files than this that fail are no accident of a machine on which everything runs at once. */
const RUN_AGAIN_LIMIT = 3;

type Totals = { passed: number; failed: number };
/** `isSecond`: the file had failed before. */
type Report = FileReport & { readonly isSecond?: true };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function chosenFiles(pattern: RegExp, wanted: readonly string[]): Promise<string[]> {
  const files = await findSources(pattern);
  return wanted.length === 0 ? files : files.filter((file) => wanted.some((part) => file.includes(part)));
}

async function checkHouse(): Promise<Totals> {
  say('\nThe rules of the house');
  const reports = await runChecks();
  say(describeChecks(reports));
  const failed = reports.filter(({ findings }) => findings.length > 0).length;
  return { passed: reports.length - failed, failed };
}

/** A build that fails is one failure; the tests that need no web app still run. */
async function buildIfNeeded(): Promise<Totals> {
  if (await isWebAppCurrent()) return { passed: 0, failed: 0 };
  say('\nBuilding the web app …');
  return buildWebApp().then(
    () => ({ passed: 0, failed: 0 }),
    (error: Error) => {
      say(error.message);
      return { passed: 0, failed: 1 };
    },
  );
}

/** Each reason once, with how often it was given; a part that is missing is named even when no test said so. */
function describeSkips(reports: readonly Report[], parts: TestParts): string[] {
  const times = new Map<string, number>();
  for (const { what, why } of parts.missing) times.set(`${what} (${why})`, 0);
  for (const { what, why } of reports.flatMap(({ skips }) => skips)) {
    const line = `${what} (${why})`;
    times.set(line, (times.get(line) ?? 0) + 1);
  }
  return [...times].map(([line, count]) => (count > 1 ? `${line}, ${count} times` : line));
}

function describeFiles(reports: readonly Report[]): void {
  say('\nSlowest files');
  for (const { file, ms } of [...reports].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST_SHOWN))
    say(`  ${(ms / 1000).toFixed(1).padStart(6)} s  ${file}`);
  const unsteady = reports.filter(({ isSecond, failed }) => isSecond && failed === 0);
  if (unsteady.length > 0) say('\nPassed only when run again by itself');
  for (const { file } of unsteady) say(`  ${file}`);
  const broken = reports.filter(({ failed }) => failed > 0);
  if (broken.length > 0) say('\nFiles with failures');
  for (const { file, failed, note } of broken) say(`  ${file}: ${failed}${note ? ` (${note})` : ''}`);
}

/**
 * What runs in one process each. Those that take long come first, so that no lane is left alone with them at
 * the end.
 */
async function batchesOf(wanted: readonly string[]): Promise<string[][]> {
  const [models, units] = [
    await chosenFiles(/\.simulation\.test\.ts$/, wanted),
    await chosenFiles(/(?<!\.simulation)\.test\.ts$/, wanted),
  ];
  const alone = [...models, ...(await chosenFiles(/\.e2e\.ts$/, wanted))];
  const together = Array.from({ length: Math.ceil(units.length / UNITS_TOGETHER) }, (_, index) =>
    units.slice(index * UNITS_TOGETHER, (index + 1) * UNITS_TOGETHER),
  );
  say(`\n${units.length + models.length} test files, ${alone.length - models.length} end-to-end files`);
  return [...alone.map((file) => [file]), ...together];
}

async function runTests(wanted: readonly string[], parts: TestParts, folder: string): Promise<Report[]> {
  const env = { ...process.env, ...parts.env, TMPDIR: folder };
  const waiting = await batchesOf(wanted);
  const reports: FileReport[] = [];
  const lane = async (): Promise<void> => {
    for (let files = waiting.shift(); files !== undefined; files = waiting.shift())
      reports.push(...(await runFiles({ files, env, withinMs: WITHIN_MS })));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return runAgain(reports, env);
}

/** The last word of each file: of the few that failed, what a second run by itself says. */
async function runAgain(reports: readonly FileReport[], env: NodeJS.ProcessEnv): Promise<Report[]> {
  const failed = new Set(reports.filter((report) => report.failed > 0));
  if (failed.size === 0 || failed.size > RUN_AGAIN_LIMIT) return [...reports];
  say('\nOnce more, by itself');
  const last: Report[] = reports.filter((report) => !failed.has(report));
  for (const { file } of failed) {
    for (const report of await runFiles({ files: [file], env, withinMs: WITHIN_MS }))
      last.push({ ...report, isSecond: true });
  }
  return last;
}

async function main(wanted: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  process.chdir(ROOT);
  const folder = await mkdtemp(join(tmpdir(), 'relay-test-'));
  let parts: TestParts | null = null;
  const end = async (): Promise<void> => {
    await parts?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void end().finally(() => process.exit(130)));
  try {
    const isChecked = wanted.length === 0 || wanted.includes('check');
    const isBuilt = (await chosenFiles(/\.e2e\.ts$/, wanted)).length > 0;
    const none = { passed: 0, failed: 0 };
    const totals = [isChecked ? await checkHouse() : none, isBuilt ? await buildIfNeeded() : none];
    parts = await prepareTestParts(folder, say);
    const reports = await runTests(wanted, parts, folder);
    describeFiles(reports);
    const all = [...totals, ...reports];
    const [passed, failed] = [
      all.reduce((sum, one) => sum + one.passed, 0),
      all.reduce((sum, one) => sum + one.failed, 0),
    ];
    const skipped = reports.reduce((sum, { skips }) => sum + skips.length, 0);
    say(`\nTook ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    for (const line of describeSkips(reports, parts)) say(`skipped: ${line}`);
    say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed > 0 || passed === 0 ? 1 : 0;
  } finally {
    await end();
  }
}

process.exit(await main(process.argv.slice(2)));
