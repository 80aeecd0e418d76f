/**
 * Codes and documents agree: the chapters of the protocol name every code of the tables in shared/src/protocol, and
 * their own tables name no other. A test holds every invariant I1…In, and tests name no other.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { REASONS, WARNINGS } from '#shared/protocol/reasons.ts';
import { ROOT } from './source-files.ts';
import type { SourceFile } from './source-files.ts';

const CHAPTERS = 'shared/protocol';
const CODE_HEADING = /^#+ .*\b(codes?|problems?|reasons?|warnings?|refusals?)\b/i;
const CODE_ROW = /^\|\s*`([a-z][a-z0-9-]+)`/;
const INVARIANT = /\bI([1-9]\d?)\b/g;

/** First cells of the tables under headings that announce codes. */
function codesInTables(text: string): string[] {
  let isUnderCodes = false;
  const codes: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) isUnderCodes = CODE_HEADING.test(line);
    const code = isUnderCodes ? CODE_ROW.exec(line)?.[1] : undefined;
    if (code) codes.push(code);
  }
  return codes;
}

function invariantsIn(text: string): Set<string> {
  return new Set([...text.matchAll(INVARIANT)].map(([name]) => name));
}

/** Every difference, one line each. */
export async function checkCodes(files: readonly SourceFile[]): Promise<string[]> {
  const chapters = await readdir(join(ROOT, CHAPTERS));
  const texts = await Promise.all(chapters.map((name) => readFile(join(ROOT, CHAPTERS, name), 'utf8')));
  const text = texts.join('\n');
  const known = new Set([ALL_PROBLEMS, REASONS, WARNINGS].flatMap((table) => Object.keys(table)));
  const undocumented = [...known].filter((code) => !text.includes(`\`${code}\``));
  const unknown = codesInTables(text).filter((code) => !known.has(code));

  const promised = invariantsIn(text);
  const tests = files.filter(({ path }) => /\.(test|e2e)\.ts$/.test(path));
  const held = new Set(tests.flatMap((file) => [...invariantsIn(file.text)]));
  return [
    ...undocumented.map((code) => `${CHAPTERS} does not name the code ${code}`),
    ...unknown.map((code) => `${CHAPTERS} names ${code}, which no table of shared/src/protocol has`),
    ...[...promised]
      .filter((name) => !held.has(name))
      .map((name) => `${CHAPTERS}: no test names the invariant ${name}`),
    ...[...held]
      .filter((name) => !promised.has(name))
      .map((name) => `a test names the invariant ${name}, which ${CHAPTERS} does not have`),
  ];
}
