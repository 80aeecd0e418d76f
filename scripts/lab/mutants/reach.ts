/**
 * Finds the places of the mutated sources that each test file runs: runs every test file once, on its own,
 * with V8's coverage. A mutant is then only shown to the tests that run its place; one that none runs needs
 * no run to survive.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../check/source-files.ts';
import { runFiles } from '../../proof/test-processes.ts';
import type { Mutant } from './mutant.ts';

/** A range as V8 counts: the innermost one around a place says how often it ran. */
type Range = { readonly startOffset: number; readonly endOffset: number; readonly count: number };
type V8Coverage = {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly Range[] }[];
  }[];
};

export type Reach = {
  readonly test: string;
  readonly ms: number;
  /** By source file; one list a process in which it was loaded. */
  readonly ranges: Readonly<Record<string, readonly (readonly Range[])[]>>;
};

function runsAt(ranges: readonly Range[], at: number): boolean {
  const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= at && at < endOffset);
  const innermost = around.reduce<Range | null>((best, range) => {
    const isSmaller =
      best === null || range.endOffset - range.startOffset <= best.endOffset - best.startOffset;
    return isSmaller ? range : best;
  }, null);
  return innermost !== null && innermost.count > 0;
}

/** Whether the test runs the place of the mutant. */
export function reaches({ ranges }: Reach, { file, start }: Mutant): boolean {
  return (ranges[file] ?? []).some((loaded) => runsAt(loaded, start));
}

async function readCoverage(folder: string, files: readonly string[]): Promise<Reach['ranges']> {
  const urls = new Map(files.map((file) => [pathToFileURL(join(ROOT, file)).href, file]));
  const ranges: Record<string, Range[][]> = {};
  for (const name of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, name), 'utf8')) as V8Coverage;
    for (const { url, functions } of result) {
      const file = urls.get(url);
      if (file === undefined) continue;
      ranges[file] ??= [];
      ranges[file].push(functions.flatMap((one) => one.ranges));
    }
  }
  return ranges;
}

type Question = {
  readonly test: string;
  readonly files: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  readonly withinMs: number;
};

/** Null where the test fails without any mutant: it can notice nothing. */
export async function measureReach({ test, files, env, folder, withinMs }: Question): Promise<Reach | null> {
  const place = join(folder, `coverage-${test.replaceAll('/', '-')}`);
  await mkdir(place, { recursive: true });
  const [report] = await runFiles({
    files: [test],
    // V8 says less precisely what ran of code that comes from the cache (Node.js, "Module compile cache").
    env: { ...env, NODE_V8_COVERAGE: place, NODE_COMPILE_CACHE: undefined },
    withinMs,
    isQuiet: true,
  });
  const ranges = await readCoverage(place, files);
  await rm(place, { recursive: true, force: true });
  return report!.failed > 0 ? null : { test, ms: report!.ms, ranges };
}
