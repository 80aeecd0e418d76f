/**
 * `npm run lab -- mutants [--sample 400] [--seed N] [--only PATH] [--beside]`: changes one small place of the
 * pipeline or of de-identification at a time and counts how often a test notices. Survivors are listed with
 * their line, before and after. A run that was interrupted resumes with the same command.
 *
 * The tests of the same tree come first: they notice most. Only their survivors are shown to tests farther
 * away, which takes longer; `--beside` leaves that out.
 *
 * Mutants are made from the syntax tree and given to the tests while Node loads the file (mutants/), because
 * StrykerJS has no runner for uvu: its command runner would copy the project and run every test for each.
 */
import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { sha256 } from '#testing/sha256.ts';
import { readSources, ROOT, type SourceFile } from '../check/source-files.ts';
import { reachedBy } from '../proof/import-graph.ts';
import { createNeeds } from '../proof/needs.ts';
import { createTestParts, type TestParts } from '../proof/test-parts.ts';
import { mutantsOf } from './mutants/generate.ts';
import { judgeMutant, type Judgement } from './mutants/judge-mutant.ts';
import { lineOf, type Mutant } from './mutants/mutant.ts';
import { measureReach, type Reach } from './mutants/reach.ts';

const MUTATED = /^(?:gateway\/src\/pipeline|shared\/src\/deid)\//;
const NOT_MUTATED = /\.(test|e2e|d|generated)\.ts$/;
const TEST = /\.test\.ts$/;
const SAMPLE = 400;
/** A test file that takes longer hangs. */
const WITHIN_MS = 10 * 60_000;
/** The longest diff of a working tree that is read. */
const DIFF_BYTES = 64 * 1024 * 1024;

type Settings = {
  readonly sample: number;
  readonly seed: number;
  readonly only: string;
  readonly isBeside: boolean;
};
type Judged = { readonly mutant: Mutant } & Judgement;

const keyOf = ({ file, start, end, to }: Mutant): string => `${file} ${start} ${end} ${to}`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function readSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sample: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      beside: { type: 'boolean' },
    },
  });
  return {
    sample: Number(values.sample ?? SAMPLE),
    seed: Number(values.seed ?? 1),
    only: values.only ?? '',
    isBeside: values.beside === true,
  };
}

/** Mulberry32: the same order for the same seed. */
function shuffled<T>(values: readonly T[], seed: number): T[] {
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

/** Runs `work` on every value, one a core at a time. */
async function inLanes<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  const waiting = [...values];
  const lane = async (): Promise<void> => {
    for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) await work(value);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

/** Where this run keeps what it has found: another commit, or changed files, are another run. */
async function openFolder({ sample, seed, only }: Settings): Promise<string> {
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', args, { cwd: ROOT, maxBuffer: DIFF_BYTES })).stdout.trim();
  const commit = await git('rev-parse', '--short', 'HEAD');
  const changes = await git('diff', 'HEAD');
  const version = changes === '' ? commit : `${commit}-${sha256(Buffer.from(changes)).slice(0, 12)}`;
  const name = `relay-mutants-${version}-${seed}-${sample}-${only.replaceAll('/', '.')}`;
  const folder = join(tmpdir(), name);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Values of a file, one a line; lines that an interruption cut short are left out. */
async function readLines<T>(path: string): Promise<T[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as T];
    } catch {
      return [];
    }
  });
}

/** Begins with a line break: a line cut short by an interruption must not spoil the next one. */
const appendLine = (path: string, value: unknown): Promise<void> =>
  appendFile(path, `\n${JSON.stringify(value)}\n`);

/** Measures the tests that an earlier run has not; each is kept at once. */
async function measureAll(
  tests: readonly string[],
  log: string,
  measure: (test: string) => Promise<Reach | null>,
): Promise<Reach[]> {
  const reaches = await readLines<Reach>(log);
  const known = new Set(reaches.map(({ test }) => test));
  const waiting = tests.filter((test) => !known.has(test));
  say(`${tests.length} test files load what is mutated; ${waiting.length} run once without a mutant`);
  await inLanes(waiting, async (test) => {
    const reach = await measure(test);
    if (reach === null) return say(`  ${test} fails without a mutant, and is left out`);
    reaches.push(reach);
    await appendLine(log, reach);
    if (reaches.length % 20 === 0) say(`${reaches.length} of ${tests.length} …`);
  });
  return reaches;
}

function describe({ mutant, outcome, by }: Judged, source: string): string {
  const cut = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 100);
  const before = cut(source.slice(mutant.start, mutant.end));
  return `  ${mutant.file}:${lineOf(source, mutant)} ${outcome} (${by})\n      ${before}  →  ${cut(mutant.to)}`;
}

function summarize(judged: readonly Judged[], sources: ReadonlyMap<string, SourceFile>): void {
  const left = judged
    .filter(({ outcome }) => outcome !== 'noticed')
    .sort((a, b) => (a.mutant.file < b.mutant.file ? -1 : 1));
  say('\nSurvivors');
  for (const one of left) say(describe(one, sources.get(one.mutant.file)!.text));
  const noticed = judged.length - left.length;
  const notRun = left.filter(({ outcome }) => outcome === 'not run').length;
  say(
    `\n${judged.length} mutants: ${noticed} noticed (${((100 * noticed) / judged.length).toFixed(1)} %), ` +
      `${left.length - notRun} survived, ${notRun} in places that no test runs`,
  );
}

/** Judges those that an earlier run has not; each judgement is kept at once. */
async function judgeAll(
  mutants: readonly Mutant[],
  log: string,
  judge: (mutant: Mutant) => Promise<Judgement>,
): Promise<Judged[]> {
  const judged = await readLines<Judged>(log);
  const known = new Set(judged.map(({ mutant }) => keyOf(mutant)));
  const waiting = mutants.filter((mutant) => !known.has(keyOf(mutant)));
  if (known.size > 0) say(`${known.size} are judged already`);
  await inLanes(waiting, async (mutant) => {
    const one: Judged = { mutant, ...(await judge(mutant)) };
    judged.push(one);
    await appendLine(log, one);
    if (judged.length % 20 === 0) say(`${judged.length} of ${mutants.length} …`);
  });
  return judged;
}

type Stage = { readonly name: string; readonly tests: readonly string[] };

/** First the tests of the mutated trees themselves, then all others that load what is mutated. */
function toStages(targets: ReadonlySet<string>, sources: ReadonlyMap<string, SourceFile>): Stage[] {
  const trees = new Set([...targets].map((file) => MUTATED.exec(file)![0]));
  const isBeside = (test: string): boolean => [...trees].some((tree) => test.startsWith(tree));
  const tests = [...sources.keys()].filter(
    (path) => TEST.test(path) && reachedBy(path, sources).some((file) => targets.has(file)),
  );
  return [
    { name: 'beside', tests: tests.filter(isBeside) },
    { name: 'farther', tests: tests.filter((test) => !isBeside(test)) },
  ];
}

type Judging = {
  readonly folder: string;
  readonly sources: ReadonlyMap<string, SourceFile>;
  readonly parts: TestParts;
  readonly isBeside: boolean;
};

/** Each later stage judges only what the earlier ones left. */
async function judgeInStages(mutants: readonly Mutant[], judging: Judging): Promise<readonly Judged[]> {
  const { folder, sources, parts, isBeside } = judging;
  const targets = new Set(mutants.map(({ file }) => file));
  const needs = createNeeds([...sources.values()]);
  const judged = new Map<string, Judged>();
  let left = mutants;
  for (const { name, tests } of toStages(targets, sources).slice(0, isBeside ? 1 : 2)) {
    if (left.length === 0) break;
    const env = { ...process.env, ...(await parts.need([...new Set(tests.flatMap(needs))])) };
    const measure = (test: string): Promise<Reach | null> =>
      measureReach({ test, files: [...targets], env, folder, withinMs: WITHIN_MS });
    const reaches = await measureAll(tests, join(folder, `reach-${name}.jsonl`), measure);
    const answers = await judgeAll(left, join(folder, `judged-${name}.jsonl`), (mutant) =>
      judgeMutant(mutant, reaches, env),
    );
    for (const one of answers) {
      const key = keyOf(one.mutant);
      if (one.outcome !== 'not run' || !judged.has(key)) judged.set(key, one);
    }
    left = answers.filter(({ outcome }) => outcome !== 'noticed').map(({ mutant }) => mutant);
  }
  return [...judged.values()];
}

async function main(settings: Settings): Promise<number> {
  const { sample, seed, only, isBeside } = settings;
  process.chdir(ROOT);
  const sources = new Map((await readSources()).map((source) => [source.path, source]));
  const files = [...sources.keys()].filter(
    (path) => MUTATED.test(path) && !NOT_MUTATED.test(path) && path.startsWith(only),
  );
  const made = files.flatMap((file) => mutantsOf(file, sources.get(file)!.text));
  const mutants = shuffled(made, seed).slice(0, sample);
  const folder = await openFolder(settings);
  say(
    `${mutants.length} of ${made.length} mutants of ${files.length} files, seed ${seed}, kept in ${folder}`,
  );
  const parts = createTestParts(join(folder, 'parts'), say);
  try {
    summarize(await judgeInStages(mutants, { folder, sources, parts, isBeside }), sources);
    return 0;
  } finally {
    await parts.stop();
  }
}

process.exit(await main(readSettings(process.argv.slice(2))));
