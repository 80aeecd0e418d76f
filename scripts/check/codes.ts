/**
 * Codes and documents agree: PROTOCOL.md names every code of the tables in shared/src/protocol, and its own
 * tables name no other. A test holds every invariant I1…In of PROTOCOL.md, and tests name no other.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { REASONS, WARNINGS } from '#shared/protocol/reasons.ts';
import { ROOT } from './source-files.ts';
import type { SourceFile } from './source-files.ts';

const DOCUMENT = 'shared/PROTOCOL.md';
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
  const text = await readFile(join(ROOT, DOCUMENT), 'utf8').catch(() => null);
  if (text === null) return [`${DOCUMENT} is not there`];
  const known = new Set([ALL_PROBLEMS, REASONS, WARNINGS].flatMap((table) => Object.keys(table)));
  const undocumented = [...known].filter((code) => !text.includes(`\`${code}\``));
  const unknown = codesInTables(text).filter((code) => !known.has(code));

  const promised = invariantsIn(text);
  const tests = files.filter(({ path }) => /\.(test|e2e)\.ts$/.test(path));
  const held = new Set(tests.flatMap((file) => [...invariantsIn(file.text)]));
  return [
    ...undocumented.map((code) => `${DOCUMENT} does not name the code ${code}`),
    ...unknown.map((code) => `${DOCUMENT} names ${code}, which no table of shared/src/protocol has`),
    ...[...promised]
      .filter((name) => !held.has(name))
      .map((name) => `${DOCUMENT}: no test names the invariant ${name}`),
    ...[...held]
      .filter((name) => !promised.has(name))
      .map((name) => `a test names the invariant ${name}, which ${DOCUMENT} does not have`),
  ];
}
