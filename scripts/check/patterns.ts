/**
 * No regular expression of the product looks further than it consumes: each has a verdict of recheck, and one that is
 * used again behind each match has a form by which nothing is looked at twice, since recheck judges a single match.
 * The verdicts are kept in pattern-verdicts.txt, so that nothing is asked here.
 */
import { findPatterns, type Found, type FoundPattern } from './find-patterns.ts';
import { LOOPS } from './pattern-exceptions.ts';
import { unboundedWithin, type Pattern } from './pattern-form.ts';
import { digestOf, readVerdicts, RECHECK, type Verdicts } from './pattern-verdicts.ts';
import type { SourceFile } from './source-files.ts';

const ASK = 'ask with "node scripts/judge-patterns.ts"';
const FILE = 'scripts/check/pattern-verdicts.txt';

export type Loops = typeof LOOPS;

const shown = ({ source, flags }: Pattern): string => `/${source.slice(0, 60)}/${flags}`;
const digestsOf = (patterns: readonly Pattern[]): Set<string> => new Set(patterns.map(digestOf));

/** The patterns that need a verdict: those of the product, and the parts of loops. */
export function patternsToJudge({ patterns }: Found, loops: Loops = LOOPS): FoundPattern[] {
  const parts = loops.map(
    ({ alone: { source, flags } }): FoundPattern => ({
      ...{ source, flags, isLoop: true },
      at: 'scripts/check/pattern-exceptions.ts',
    }),
  );
  return [...patterns, ...parts];
}

function faultsOfVerdicts(patterns: readonly FoundPattern[], { by, safe }: Verdicts): string[] {
  if (by !== RECHECK) return [`${FILE}: by ${by}, and ${RECHECK} is installed: ${ASK}`];
  const asked = digestsOf(patterns);
  const gone = [...safe].filter((digest) => !asked.has(digest));
  return [
    ...patterns
      .filter((one) => !safe.has(digestOf(one)))
      .map((one) => `${one.at}: ${shown(one)} has no verdict: ${ASK}`),
    ...gone.map((digest) => `${FILE}: ${digest} is the verdict of no pattern: ${ASK}`),
  ];
}

function faultsOfLoops({ patterns, misplaced }: Found, loops: Loops): string[] {
  const present = digestsOf(patterns);
  const excepted = digestsOf(loops.map(({ pattern }) => pattern));
  const twice = patterns.filter(
    (one) => one.isLoop && !excepted.has(digestOf(one)) && unboundedWithin(one).length > 0,
  );
  const gone = loops.filter(({ pattern }) => !present.has(digestOf(pattern)));
  return [
    ...misplaced.map(({ at, what }) => `${at}: a regular expression ${what}`),
    ...gone.map(
      ({ pattern }) => `scripts/check/pattern-exceptions.ts: ${shown(pattern)} is not there any more`,
    ),
    ...twice.map(
      (one) => `${one.at}: ${shown(one)} may look at the same text from each match: bound it or scan`,
    ),
  ];
}

export function faultsOf(found: Found, verdicts: Verdicts, loops: Loops = LOOPS): string[] {
  return [...faultsOfLoops(found, loops), ...faultsOfVerdicts(patternsToJudge(found, loops), verdicts)];
}

/** Every broken rule, one line each. */
export async function checkPatterns(files: readonly SourceFile[]): Promise<string[]> {
  return faultsOf(await findPatterns(files), await readVerdicts());
}
