/** Chooses the test files of a run: by pattern, by changed files, by the parts that they need. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT, type SourceFile } from '../check/source-files.ts';
import { affectedBy } from './import-graph.ts';
import type { Describe } from './schedule.ts';
import { runsAlone } from './weights.ts';
import type { PartName } from './test-parts.ts';

export type Choice = {
  /** Parts of paths; none: every file. */
  readonly patterns: readonly string[];
  /** Compared with this commit; null: changed or not. */
  readonly changedSince: string | null;
  /** Only what needs no server and no browser. */
  readonly isQuick: boolean;
};

const TEST = /\.(test|e2e)\.ts$/;
/** Files that every test depends on. */
const EVERYTHING = /^(package(-lock)?\.json|tsconfig\.json|gateway\/tsconfig\.json|scripts\/proof\/.*)$/;
/** Files that lie there or not, and start nothing. */
const AT_NO_COST: ReadonlySet<PartName> = new Set(['corpus']);
/** `npm run quick` takes less than a minute: a file above this is for `npm test`. */
const QUICK_SECONDS = 3;

/** From the root: changed since the commit, and not yet known to git. @throws Error with git's words. */
async function changedFiles(since: string): Promise<Set<string>> {
  const git = async (...args: string[]): Promise<string[]> =>
    (await promisify(execFile)('git', args, { cwd: ROOT })).stdout.split('\n').filter((line) => line !== '');
  const [changed, added] = await Promise.all([
    git('diff', '--name-only', '--relative', since),
    git('ls-files', '--others', '--exclude-standard'),
  ]);
  return new Set([...changed, ...added]);
}

/** The patterns that are part of no test file's path. */
export function findUnmatched(patterns: readonly string[], sources: readonly SourceFile[]): string[] {
  const tests = sources.map(({ path }) => path).filter((path) => TEST.test(path));
  return patterns.filter((pattern) => !tests.some((path) => path.includes(pattern)));
}

export async function chooseFiles(
  { patterns, changedSince, isQuick }: Choice,
  sources: readonly SourceFile[],
  { needs, weigh }: Describe,
): Promise<string[]> {
  const all = sources.map(({ path }) => path).filter((path) => TEST.test(path));
  const named =
    patterns.length === 0 ? all : all.filter((file) => patterns.some((part) => file.includes(part)));
  const isLight = (file: string): boolean =>
    !runsAlone(file) &&
    weigh(file).seconds <= QUICK_SECONDS &&
    needs(file).every((part) => AT_NO_COST.has(part));
  const light = isQuick ? named.filter(isLight) : named;
  if (changedSince === null) return light;
  const changed = await changedFiles(changedSince);
  if ([...changed].some((path) => EVERYTHING.test(path))) return light;
  return affectedBy(changed, light, new Map(sources.map((source) => [source.path, source])));
}
