/**
 * House rules that neither the formatter nor the linter knows: names that say nothing, leftovers of work,
 * lines that the formatter does not break, files too long to read, documents that nobody can open.
 */
import type { SourceFile } from './source-files.ts';

/** Texts, patterns and titles of tests may be longer than the formatter's 110 columns, but not than this. */
const LINE_LIMIT = 200;
const COMMENT_LINE_LIMIT = 120;
/** "Few above 320": a file above this is above the few. Generated tables are data. */
const FILE_LINES_LIMIT = 600;
const GENERATED = /\.generated\.ts$/;
const NAMELESS = /(^|\/)(utils?|helpers?|common|services?|managers?|misc|index)(\/|\.tsx?$)/i;
const TEST_FOLDER = /(^|\/)(test|tests|__tests__)\//;
const COMMENT_LINE = /^\s*(\/\/|\/?\*+\s)/;
/** Addresses, drawings and indented listings cannot be broken. */
const UNBREAKABLE = /https?:\/\/|[→←↓↑─│▶◀]|^\s*\* {3}/;
/** Planning documents: a reader of the repository can't open them. */
const NOT_IN_THE_REPOSITORY = /(\/\/|\*) .*\b(DESIGN|HOUSE|INTERFACE)(\.md)?( §|,|\)|\.md)/;
const UNFINISHED = /^\s*(\/\/|\/?\*+).*\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck) /;

function faultOfLine(line: string): string | null {
  if (UNFINISHED.test(line)) return 'unfinished work';
  if (NOT_IN_THE_REPOSITORY.test(line)) return 'cites a document that is not in the repository';
  if (line.length > LINE_LIMIT) return `${line.length} characters, more than ${LINE_LIMIT}`;
  const isLongComment =
    line.length > COMMENT_LINE_LIMIT && COMMENT_LINE.test(line) && !UNBREAKABLE.test(line);
  return isLongComment ? `a comment of ${line.length} characters, more than ${COMMENT_LINE_LIMIT}` : null;
}

function checkFile({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  if (NAMELESS.test(path)) faults.push(`${path}: a name that says nothing`);
  if (TEST_FOLDER.test(path)) faults.push(`${path}: a folder called test (uvu would run every file in it)`);
  if (GENERATED.test(path)) return faults;
  const lines = text.split('\n');
  if (lines.length > FILE_LINES_LIMIT)
    faults.push(`${path}: ${lines.length} lines, more than ${FILE_LINES_LIMIT}`);
  const inLines = lines.flatMap((line, index) => {
    const fault = faultOfLine(line);
    return fault === null ? [] : [`${path}:${index + 1}: ${fault}`];
  });
  return [...faults, ...inLines];
}

/** Every broken rule, one line each. */
export function checkStyle(files: readonly SourceFile[]): string[] {
  return files.flatMap(checkFile);
}
