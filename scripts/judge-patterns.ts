/**
 * `node scripts/judge-patterns.ts`: asks recheck about the regular expressions of the product that have no verdict yet,
 * and keeps those that are safe in scripts/check/pattern-verdicts.txt. All of them take minutes of processor time.
 */
import { findPatterns } from './check/find-patterns.ts';
import { judgePattern } from './check/judge-pattern.ts';
import { digestOf, readVerdicts, RECHECK, writeVerdicts } from './check/pattern-verdicts.ts';
import { patternsToJudge } from './check/patterns.ts';
import { readSources } from './check/source-files.ts';

const known = await readVerdicts();
const safe = new Set<string>();
const before: ReadonlySet<string> = known.by === RECHECK ? known.safe : new Set();
for (const pattern of patternsToJudge(await findPatterns(await readSources()))) {
  const digest = digestOf(pattern);
  if (safe.has(digest)) continue;
  const fault = before.has(digest) ? null : await judgePattern(pattern);
  if (fault === null) safe.add(digest);
  else {
    process.stdout.write(`${pattern.at}: /${pattern.source}/${pattern.flags}: ${fault}\n`);
    process.exitCode = 1;
  }
  // A run that is stopped continues from here.
  if (!before.has(digest)) await writeVerdicts({ by: RECHECK, safe: safe.union(before) });
}
await writeVerdicts({ by: RECHECK, safe });
