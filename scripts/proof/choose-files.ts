/** Chooses the test files of a run: by tier, by pattern, by changed files, by the parts that they need. */
import { execFile } from 'node:child_process';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { ROOT, type SourceFile } from '../check/source-files.ts';
import { affectedBy } from './import-graph.ts';
import type { Describe } from './schedule.ts';
import type { PartName } from './test-parts.ts';
import { tierOf, type Tier } from './tier.ts';
import { runsAlone } from './weights.ts';

/** Somebody asked for a file, a commit or an option that does not exist; the message says so. */
export class Misuse extends Error {}

export type Choice = {
  readonly tier: Tier;
  /** Parts of paths; none: every file. */
  readonly patterns: readonly string[];
  /** Compared with this commit, and of the second tier its own files alone; null: changed or not. */
  readonly changedSince: string | null;
  /** Only what needs no server and no browser. */
  readonly isQuick: boolean;
};

const TEST = /\.(test|e2e)\.ts$/;
/** Files that every test depends on. */
const EVERYTHING =
  /^(package(-lock)?\.json|tsconfig\.json|scripts\/(test|calibration|proof\/(?!.*\.test\.ts$).*)\.ts)$/;
const SOURCE = /\.tsx?$/;
/** Prose, and what a run keeps of itself: they reach only what names them. */
const PROSE = /\.md$|^\.ci\/|^scripts\/proof\/weights\.json$/;
/** Files that lie there or not, and start nothing. */
const AT_NO_COST: ReadonlySet<PartName> = new Set(['corpus']);
/** `npm run quick` takes two minutes: a file above this is for `npm test`. */
const QUICK_SECONDS = 2;

/** From the root: changed since the commit, and not yet known to git. @throws Misuse with git's words. */
export async function changedFiles(since: string, folder: string = ROOT): Promise<Set<string>> {
  // Without -z, git quotes names that are not ASCII.
  const git = async (...args: string[]): Promise<string[]> =>
    promisify(execFile)('git', args, { cwd: folder }).then(
      ({ stdout }) => stdout.split('\0').filter((name) => name !== ''),
      ({ stderr }: { stderr: string }) => {
        throw new Misuse(`--changed=${since}: git says: ${stderr.split('\n')[0]}`);
      },
    );
  const commit = (await git('rev-parse', '--verify', '--end-of-options', `${since}^{commit}`))[0]!.trim();
  const [changed, added] = await Promise.all([
    git('diff', '-z', '--name-only', '--no-renames', '--relative', commit),
    git('ls-files', '-z', '--others', '--exclude-standard'),
  ]);
  return new Set([...changed, ...added]);
}

/** The patterns that are part of no test file's path. */
export function findUnmatched(patterns: readonly string[], sources: readonly SourceFile[]): string[] {
  const tests = sources.map(({ path }) => path).filter((path) => TEST.test(path));
  return patterns.filter((pattern) => !tests.some((path) => path.includes(pattern)));
}

/**
 * The rooms of what a change reaches: the folders of the changed files and of those that import them. A test that
 * starts whole processes imports little of what it proves; it lies in a room or above it.
 */
function inRoomsOf(
  changed: ReadonlySet<string>,
  files: readonly string[],
  sources: ReadonlyMap<string, SourceFile>,
): string[] {
  const product = [...sources.keys()].filter((path) => !TEST.test(path) && !path.startsWith('scripts/'));
  const rooms = new Set(affectedBy(changed, product, sources).map((path) => posix.dirname(path)));
  const isAbove = (folder: string): boolean =>
    [...rooms].some((room) => room === folder || room.startsWith(`${folder}/`));
  return files.filter((file) => isAbove(posix.dirname(file)));
}

/**
 * The changed sources, and those that name another changed file: one that is gone, a style sheet, a page, a program in
 * plain JavaScript, the settings of the PACS. Null: such a file is named nowhere, and may be used anywhere.
 */
function changedSources(
  changed: ReadonlySet<string>,
  sources: ReadonlyMap<string, SourceFile>,
): Set<string> | null {
  const reached = new Set<string>();
  for (const path of changed) {
    if (EVERYTHING.test(path)) return null;
    if (sources.has(path)) reached.add(path);
    else {
      const users = [...sources.values()].filter(({ text }) => text.includes(posix.basename(path)));
      if (users.length === 0 && !PROSE.test(path) && !SOURCE.test(path)) return null;
      for (const user of users) reached.add(user.path);
    }
  }
  return reached;
}

export async function chooseFiles(
  { tier, patterns, changedSince, isQuick }: Choice,
  sources: readonly SourceFile[],
  { needs, seconds }: Describe,
  findChanged: (since: string) => Promise<ReadonlySet<string>> = changedFiles,
): Promise<string[]> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const tests = sources.filter(({ path }) => TEST.test(path));
  const ofTier = tests
    .filter(({ text }) => tier === 'all' || tierOf(text) === 'gate')
    .map(({ path }) => path);
  const named =
    patterns.length === 0 ? ofTier : ofTier.filter((file) => patterns.some((part) => file.includes(part)));
  const isLight = (file: string): boolean =>
    !runsAlone(file) && seconds(file) <= QUICK_SECONDS && needs(file).every((part) => AT_NO_COST.has(part));
  const light = isQuick ? named.filter(isLight) : named;
  if (changedSince === null) return light;
  const changed = changedSources(await findChanged(changedSince), byPath);
  const isOfTier = (file: string): boolean => tierOf(byPath.get(file)!.text) === tier;
  const candidates = light.filter(isOfTier);
  if (changed === null) return candidates;
  const reached = affectedBy(changed, candidates, byPath);
  return tier === 'gate' ? reached : [...new Set([...reached, ...inRoomsOf(changed, candidates, byPath)])];
}
