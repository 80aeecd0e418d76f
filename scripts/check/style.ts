/**
 * House rules that a pattern can see (HOUSE.md › Names, Habits): words that hide what a thing is, leftovers
 * of work, sizes that read badly.
 */
import { findTests } from './source-files.ts';
import type { SourceFile } from './source-files.ts';

/** The aim is 140; a sentence or a table row may run over. */
const LINE_LIMIT = 200;
/** "Few above 320": a file above this is above the few. Generated tables are data. */
const FILE_LINES_LIMIT = 600;
const GENERATED = /\.generated\.ts$/;
const NAMELESS = /(^|\/)(utils?|helpers?|common|services?|managers?|misc|index)(\/|\.tsx?$)/i;
const TEST_FOLDER = /(^|\/)(test|tests|__tests__)\//;

const FORBIDDEN: readonly [RegExp, string][] = [
  [/(:\s*any\b|\bas any\b|<any>)/, 'an escape from the types'],
  [/^\s*(export\s+)?(const\s+)?enum\s/m, 'an enum (Node strips types, it does not compile them)'],
  [/\bdebugger\b/, 'a breakpoint'],
];
const FORBIDDEN_ON_THE_ROAD: readonly [RegExp, string][] = [
  [/\bconsole\.(log|debug|info)\(/, 'free text in the log'],
];
const FORBIDDEN_IN_COMMENTS: readonly [RegExp, string][] = [
  [/\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck)/, 'unfinished work'],
];

const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm;
/** Texts and patterns speak about code; they are none. */
const QUOTED = /'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/(?![/*])(?:\\.|\[[^\]\n]*\]|[^/\n\\])+\/[dgimsuy]*/g;

const blank = (part: string): string => part.replace(/[^\n]/g, ' ');

function findIn(path: string, code: string, forbidden: readonly [RegExp, string][]): string[] {
  return forbidden.flatMap(([pattern, name]) => {
    const found = pattern.exec(code);
    return found ? [`${path}:${code.slice(0, found.index).split('\n').length}: ${name}`] : [];
  });
}

function checkFile({ path, text }: SourceFile, tests: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  if (NAMELESS.test(path)) faults.push(`${path}: a name that says nothing`);
  if (TEST_FOLDER.test(path)) faults.push(`${path}: a folder called test (uvu would run every file in it)`);
  if (GENERATED.test(path)) return faults;
  const lines = text.split('\n');
  if (lines.length > FILE_LINES_LIMIT)
    faults.push(`${path}: ${lines.length} lines, more than ${FILE_LINES_LIMIT}`);
  lines.forEach((line, index) => {
    if (line.length > LINE_LIMIT)
      faults.push(`${path}:${index + 1}: ${line.length} characters, more than ${LINE_LIMIT}`);
  });
  const code = text.replaceAll(COMMENT, blank).replaceAll(QUOTED, blank);
  const comments = [...text.matchAll(COMMENT)].map(([comment]) => comment).join('\n');
  const isOnTheRoad = !tests.has(path) && !path.startsWith('scripts/');
  return [
    ...faults,
    ...findIn(path, code, isOnTheRoad ? [...FORBIDDEN, ...FORBIDDEN_ON_THE_ROAD] : FORBIDDEN),
    ...FORBIDDEN_IN_COMMENTS.flatMap(([pattern, name]) =>
      pattern.test(comments) ? [`${path}: ${name}`] : [],
    ),
  ];
}

/** Every broken rule, one line each. */
export function checkStyle(files: readonly SourceFile[]): string[] {
  const tests = findTests(files);
  return files.flatMap((file) => checkFile(file, tests));
}
