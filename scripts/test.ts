/**
 * `npm test [-- PATTERN…]`: proves what a change is likely to break: the checks of the house, then the test files of
 * the gate. `npm run test:all`: every test file. With patterns, only the files whose path holds one of them (and the
 * checks for `check`).
 *
 *   npm run quick                  the checks, and the tests that need no server and no browser
 *   … -- --changed[=COMMIT]        only what the changes since COMMIT (HEAD) reach: along the imports, and with
 *                                  test:all the files of the second tier in the rooms that they touch
 *   … -- --repeat N                each file N times, with other random values each time: those of a round that
 *                                  failed come back with `RELAY_TEST_ROUND=ROUND npm test -- FILE`
 *   … -- --complete                a part that cannot be had, and a test that is skipped, fails: for CI
 *   … -- --no-install              installs nothing
 *   … -- --weigh                   keeps in the repository how long each file took, for the order of the next runs
 *
 * Nothing is run again, and the seeds are the same in every run (`RELAY_SEED` gives others). Everything lies in
 * temporary folders and on free ports, and what tests started is ended; what a failed test showed lies in
 * `out/failures/` until its file runs again. The last line is `N passed, N failed, N skipped`; above it stands what was
 * skipped and why. Exits 0 only when nothing failed, 2 when it was asked for what does not exist.
 */
import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate, describeCalibration } from './calibration.ts';
import { describeChecks, runChecks } from './check.ts';
import { failuresOf } from '#testing/failures.ts';
import { findSources, readSources, ROOT } from './check/source-files.ts';
import { chooseFiles, findUnmatched, Misuse, type Choice } from './proof/choose-files.ts';
import { countMissing } from './proof/count-missing.ts';
import {
  describeFailures,
  describeFolders,
  describeSkips,
  describeSlowest,
  describeTimes,
  describeTotals,
  type Totals,
} from './proof/describe-run.ts';
import { createNeeds } from './proof/needs.ts';
import { createLanes, planJobs, runJobs, type Job } from './proof/schedule.ts';
import { createTestParts, type TestParts } from './proof/test-parts.ts';
import { endProcessesIn, runFiles, type FileReport } from './proof/test-processes.ts';
import { keepWeights, readWeights } from './proof/weights.ts';
import { makeMemoryFolder } from './system/memory-folder.ts';

const USAGE = [
  'usage: npm test [-- PATTERN… --changed[=COMMIT] --repeat N --complete --no-install --weigh],',
  '       npm run test:all [-- the same], npm run quick [-- PATTERN… --changed[=COMMIT]]',
  'PATTERN is part of the path of a test file, for example scripts/start.',
].join('\n');

/** A file that takes this long hangs: in each tier far above what its tests may take together. */
const FILE_MINUTES = { gate: 12, all: 45 } as const;

/** The most that a run writes into its folder, several times over. */
const NEEDED_BYTES = 6 * 2 ** 30;

type Settings = Choice & {
  readonly isWeighed: boolean;
  readonly isComplete: boolean;
  readonly installs: boolean;
  readonly rounds: number;
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const sayAll = (title: string, lines: readonly string[]): void => {
  if (lines.length > 0) say(`\n${title}\n${lines.join('\n')}`);
};

/** @throws Misuse */
function readOptions(args: readonly string[]) {
  const given = args[args.indexOf('--changed') + 1];
  if (args.includes('--changed') && given !== undefined && !given.startsWith('-'))
    throw new Misuse(`--changed ${given} is ambiguous: write --changed=${given}, or the pattern first`);
  try {
    // `--changed` alone means HEAD: parseArgs knows no options with a value that may be left out.
    return parseArgs({
      args: args.map((arg) => (arg === '--changed' ? '--changed=HEAD' : arg)),
      allowPositionals: true,
      options: {
        quick: { type: 'boolean' },
        changed: { type: 'string' },
        all: { type: 'boolean' },
        repeat: { type: 'string', default: '1' },
        complete: { type: 'boolean' },
        'no-install': { type: 'boolean' },
        weigh: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    // Node's second sentence explains its own notation.
    throw new Misuse((error as Error).message.split('. ')[0]);
  }
}

/** A whole number from 1 on. @throws Misuse */
function whole(what: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Misuse(`${what} ${text}: no number from 1 on`);
  return Number(text);
}

/** Null: only the usage is asked for. @throws Misuse */
function readSettings(args: readonly string[]): Settings | null {
  const { values, positionals } = readOptions(args);
  if (values.help === true) return null;
  const rounds = whole('--repeat', values.repeat);
  for (const name of ['RELAY_SEED', 'RELAY_TEST_ROUND']) whole(name, process.env[name] ?? '1');
  return {
    tier: values.all === true ? 'all' : 'gate',
    rounds,
    isComplete: values.complete === true,
    installs: values['no-install'] !== true,
    patterns: positionals,
    changedSince: values.changed ?? null,
    isQuick: values.quick === true,
    isWeighed: values.weigh === true,
  };
}

async function checkHouse(): Promise<Totals> {
  say('\nThe rules of the house');
  const reports = await runChecks();
  say(describeChecks(reports));
  const failed = reports.filter(({ findings }) => findings.length > 0).length;
  return { passed: reports.length - failed, failed };
}

async function planRun(settings: Settings): Promise<Job[]> {
  const sources = await readSources();
  const needs = createNeeds(sources);
  const seconds = await readWeights();
  const unmatched = findUnmatched(settings.patterns, sources);
  if (unmatched.length > 0)
    throw new Misuse(`No path of a .test.ts or .e2e.ts file contains ${unmatched.join(', nor ')}`);
  const files = await chooseFiles(settings, sources, { needs, seconds });
  const all = await chooseFiles({ ...settings, tier: 'all', isQuick: false }, sources, { needs, seconds });
  const later = settings.changedSince === null ? all.length - files.length : 0;
  if (settings.patterns.length > 0 && later > 0)
    say(`\n${later} more files match: npm test runs those that need a server, npm run test:all every one.`);
  const endToEnd = files.filter((file) => file.endsWith('.e2e.ts')).length;
  say(
    `\n${files.length - endToEnd} test files, ${endToEnd} end-to-end files, seed ${process.env.RELAY_SEED ?? 1}`,
  );
  return planJobs(files, { needs, seconds });
}

/** `env`: of every test. `signal`: nothing more is run. */
type Place = {
  readonly parts: TestParts;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
};

/** Round by round, so that a file never runs beside itself. */
async function runTests(
  jobs: readonly Job[],
  { tier, rounds }: Settings,
  { parts, folder, env, signal }: Place,
): Promise<FileReport[]> {
  const reports: FileReport[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const ofRound = rounds === 1 ? {} : { RELAY_TEST_ROUND: String(round) };
    await runJobs(jobs, createLanes(), async ({ files, needs }) => {
      if (signal.aborted) return;
      const all = { ...process.env, ...env, ...(await parts.need(needs)), ...ofRound, TMPDIR: folder };
      const withinMs = FILE_MINUTES[tier] * 60_000 * Number(env.RELAY_TEST_CALIBRATION);
      const ofFiles = await runFiles({ files, env: all, withinMs, signal });
      reports.push(...(rounds === 1 ? ofFiles : ofFiles.map((report) => ({ ...report, round }))));
    });
  }
  return reports;
}

const processorSeconds = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys, 0) / 1000;

async function prove(settings: Settings, place: Omit<Place, 'env'>): Promise<boolean> {
  const { parts } = place;
  const steps = new Map<string, number>();
  const timed = async <T>(what: string, work: Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    return work.finally(() => steps.set(what, performance.now() - startedAt));
  };
  const startedAt = performance.now();
  const busyBefore = processorSeconds();
  const jobs = await planRun(settings);
  const calibration = await calibrate();
  const env = {
    RELAY_TEST_CALIBRATION: calibration.ratio.toFixed(2),
    RELAY_TEST_TIER: settings.tier,
  };
  const isChecked = settings.patterns.length === 0 || settings.patterns.includes('check');
  // A run inside a test leaves those of the run around it.
  if (process.env.RELAY_TEST_RUN === undefined)
    for (const file of jobs.flatMap(({ files }) => files))
      await rm(failuresOf(file), { recursive: true, force: true });
  if (settings.installs)
    await timed('installing', parts.install([...new Set(jobs.flatMap(({ needs }) => needs))]));
  const [totals, reports] = await Promise.all([
    isChecked ? timed('the rules of the house', checkHouse()).then((checked) => [checked]) : [],
    timed('the test files', runTests(jobs, settings, { ...place, env })),
  ]);
  const files = await findSources(/\.(test|e2e)\.ts$/);
  await keepWeights(reports, files, { isForRepository: settings.isWeighed });
  sayAll('Slowest files', describeSlowest(reports));
  sayAll('Times', describeTimes(steps, parts, reports));
  if (settings.patterns.length === 0) sayAll('Folders', describeFolders(reports));
  sayAll('Files with failures: what they showed lies in out/failures/', describeFailures(reports));
  sayAll('Skipped', describeSkips(reports, parts));
  const took = (performance.now() - startedAt) / 1000;
  const busy = processorSeconds() - busyBefore;
  say(
    `\nTook ${took.toFixed(0)} s, ${busy.toFixed(0)} s of processor time; ${describeCalibration(calibration)}`,
  );
  const skips = reports.flatMap((report) => report.skips);
  const lacking = countMissing(parts.missing, skips, existsSync(join(ROOT, '../shared')));
  const missing = { passed: 0, failed: settings.isComplete ? lacking : 0 };
  const all = [...totals, ...reports, missing];
  say(describeTotals([...totals, missing], reports));
  const isEmpty = all.every(({ passed }) => passed === 0) && settings.changedSince === null;
  return !isEmpty && all.every(({ failed }) => failed === 0);
}

async function main(args: readonly string[]): Promise<number> {
  const settings = readSettings(args);
  if (settings === null) {
    say(USAGE);
    return 0;
  }
  process.chdir(ROOT);
  const folder = await makeMemoryFolder('relay-test', NEEDED_BYTES);
  // PostgreSQL refuses root and runs as another account, which must pass through to reach its own folders.
  await chmod(folder, 0o711);
  const parts = createTestParts(folder, say);
  const stopped = new AbortController();
  // A terminal sends one to each process of the group, and bootstrap.js hands its own on: the second one is the same.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (!stopped.signal.aborted) say('\nInterrupted: ending what the tests started …');
      stopped.abort();
    });
  try {
    const isProven = await prove(settings, { parts, folder, signal: stopped.signal });
    return stopped.signal.aborted ? 130 : isProven ? 0 : 1;
  } finally {
    try {
      await parts.stop();
    } finally {
      await endProcessesIn(folder);
      await rm(folder, { recursive: true, force: true });
    }
  }
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Misuse)) throw error;
  process.stderr.write(`${error.message.replace(/\.$/, '')}.\n${USAGE}\n`);
  process.exit(2);
}
