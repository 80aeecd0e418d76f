/**
 * `npm test [-- PATTERN…]`: proves the product: the checks of the house, then every test file. With patterns,
 * only the files whose path holds one of them (and the checks for `check`).
 *
 *   npm run quick                  the checks, and the tests that need no server and no browser
 *   … -- --changed[=COMMIT]        only what the changes since COMMIT (HEAD) reach along the imports
 *   npm test -- --weigh            keeps how long each file took, for the order of the next runs
 *
 * Nothing is run again, and the seeds are the same in every run (`RELAY_SEED` gives others). Everything lies
 * in temporary folders and on free ports, and nothing is left running. The last line is `N passed, N failed,
 * N skipped`; above it stands what was skipped and why. Exits 0 only when nothing failed.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate, describeCalibration } from './calibration.ts';
import { describeChecks, runChecks } from './check.ts';
import { findSources, readSources, ROOT } from './check/source-files.ts';
import { chooseFiles, findUnmatched, type Choice } from './proof/choose-files.ts';
import {
  describeFailures,
  describeSkips,
  describeSlowest,
  describeTimes,
  describeTotals,
  type Totals,
} from './proof/describe-run.ts';
import { createNeeds } from './proof/needs.ts';
import { planJobs, runJobs, type Job } from './proof/schedule.ts';
import { createTestParts, type TestParts } from './proof/test-parts.ts';
import { endProcessesIn, runFiles, type FileReport } from './proof/test-processes.ts';
import { readWeights, writeWeights } from './proof/weights.ts';

const USAGE = [
  'usage: npm test [-- PATTERN… --changed[=COMMIT] --weigh], npm run quick [-- PATTERN… --changed[=COMMIT]]',
  'PATTERN is part of the path of a test file, for example scripts/start.',
].join('\n');

/** The longest file takes two minutes here, and eight beside ten busy processes; one that takes this long hangs. */
const WITHIN_MS = 20 * 60_000;

type Settings = Choice & { readonly isWeighed: boolean };

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const sayAll = (title: string, lines: readonly string[]): void => {
  if (lines.length > 0) say(`\n${title}\n${lines.join('\n')}`);
};

/** Throws a TypeError of parseArgs for an option that does not exist. Null: only the usage is asked for. */
function readSettings(args: readonly string[]): Settings | null {
  // `--changed` alone means HEAD: parseArgs knows no options with a value that may be left out.
  const { values, positionals } = parseArgs({
    args: args.map((arg) => (arg === '--changed' ? '--changed=HEAD' : arg)),
    allowPositionals: true,
    options: {
      quick: { type: 'boolean' },
      changed: { type: 'string' },
      weigh: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return null;
  return {
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
  const weigh = await readWeights();
  const files = await chooseFiles(settings, sources, { needs, weigh });
  const unmatched = findUnmatched(settings.patterns, sources);
  for (const pattern of unmatched)
    say(`\nNo test file matches ${pattern}: no path of a .test.ts or .e2e.ts file contains it.`);
  if (settings.isQuick && files.length === 0 && unmatched.length < settings.patterns.length)
    say('\nThe files that match take longer or need a server or a browser: run them with npm test.');
  const endToEnd = files.filter((file) => file.endsWith('.e2e.ts')).length;
  say(
    `\n${files.length - endToEnd} test files, ${endToEnd} end-to-end files, seed ${process.env.RELAY_SEED ?? 1}`,
  );
  return planJobs(files, { needs, weigh });
}

/** `signal`: nothing more is run. */
type Place = { readonly parts: TestParts; readonly folder: string; readonly signal: AbortSignal };

async function runTests(jobs: readonly Job[], { parts, folder, signal }: Place): Promise<FileReport[]> {
  const reports: FileReport[] = [];
  await runJobs(jobs, availableParallelism(), async ({ files, needs }) => {
    if (signal.aborted) return;
    const env = { ...process.env, ...(await parts.need(needs)), TMPDIR: folder };
    reports.push(...(await runFiles({ files, env, withinMs: WITHIN_MS, signal })));
  });
  return reports;
}

async function prove(settings: Settings, place: Place): Promise<boolean> {
  const { parts } = place;
  const steps = new Map<string, number>();
  const timed = async <T>(what: string, work: Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    return work.finally(() => steps.set(what, performance.now() - startedAt));
  };
  const startedAt = performance.now();
  const calibration = describeCalibration(await calibrate());
  const isChecked = settings.patterns.length === 0 || settings.patterns.includes('check');
  const totals = isChecked ? [await timed('the rules of the house', checkHouse())] : [];
  const jobs = await planRun(settings);
  const reports = await timed('the test files', runTests(jobs, place));
  if (settings.isWeighed) await writeWeights(reports, await findSources(/\.(test|e2e)\.ts$/));
  sayAll('Slowest files', describeSlowest(reports));
  sayAll('Times', describeTimes(steps, parts, reports));
  sayAll('Files with failures', describeFailures(reports));
  sayAll('Skipped', describeSkips(reports, parts));
  say(`\nTook ${((performance.now() - startedAt) / 1000).toFixed(0)} s; ${calibration}`);
  const all = [...totals, ...reports];
  say(describeTotals(totals, reports));
  const isEmpty = all.every(({ passed }) => passed === 0) && settings.changedSince === null;
  return !isEmpty && all.every(({ failed }) => failed === 0);
}

async function main(args: readonly string[]): Promise<number> {
  let settings: Settings | null;
  try {
    settings = readSettings(args);
  } catch (error) {
    // Node's second sentence explains its own notation.
    process.stderr.write(`${(error as Error).message.split('. ')[0]}.\n${USAGE}\n`);
    return 2;
  }
  if (settings === null) {
    say(USAGE);
    return 0;
  }
  process.chdir(ROOT);
  const folder = await mkdtemp(join(tmpdir(), 'relay-test-'));
  // PostgreSQL refuses root and runs as another account, which must pass through to reach its own folders.
  await chmod(folder, 0o711);
  const parts = createTestParts(folder, say);
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.abort());
  try {
    const isProven = await prove(settings, { parts, folder, signal: stopped.signal });
    return stopped.signal.aborted ? 130 : isProven ? 0 : 1;
  } finally {
    await parts.stop();
    await endProcessesIn(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

process.exit(await main(process.argv.slice(2)));
