/**
 * House rules that neither the formatter nor the linter knows: names that say nothing, leftovers of work,
 * lines that the formatter does not break, files long without a reason, documents that nobody can open, titles
 * of tests that do not name their subject, failures ignored without a reason.
 */
import { isLongFileExplained } from './long-because.ts';
import type { SourceFile } from './source-files.ts';

/** Texts, patterns and titles of tests may be longer than the formatter's 110 columns, but not than this. */
const LINE_LIMIT = 200;
const COMMENT_LINE_LIMIT = 120;
/**
 * Files of 60 to 130 lines read well; one above this does two things, or says why it is long (long-because.ts).
 * Tests may be longer: their cases share one setup and are read one by one. Generated tables are data.
 */
const PRODUCT_LINES_LIMIT = 420;
const TEST_LINES_LIMIT = 500;
const TEST = /\.(test|e2e|bench)\.tsx?$/;
const GENERATED = /\.generated\.ts$/;
const NAMELESS = /(^|\/)(utils?|helpers?|common|services?|managers?|misc|index)(\/|\.tsx?$)/i;
const TEST_FOLDER = /(^|\/)(test|tests|__tests__)\//;
const COMMENT_LINE = /^\s*(\/\/|\/?\*+\s)/;
/** Addresses, drawings and indented listings cannot be broken. */
const UNBREAKABLE = /https?:\/\/|[→←↓↑─│▶◀]|^\s*\* {3}/;
/** Planning documents: a reader of the repository can't open them. */
const NOT_IN_THE_REPOSITORY = /(\/\/|\*) .*\b(DESIGN|HOUSE|INTERFACE)(\.md)?( §|,|\)|\.md)/;
const UNFINISHED = /^\s*(\/\/|\/?\*+).*\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck) /;
/** A title names the thing or the person it is about. */
const UNNAMED_SUBJECT_OF_TEST = /(?:\w\(|^\s*)['"`](?:what|who|whose|which|whoever)\s/;
/** Bookish for "again" or "new". */
const BOOKISH = /(?:^|[\s{])(?:\/\/|\/?\*+)\s.*\banew\b/i;
const BOOKISH_TEST = /(?:\w\(|^\s*)['"`][^'"`]*\banew\b/i;

/** A failure is ignored by name, with its reason: shared/src/ignore-failure.ts, the one file that may do this. */
const SWALLOWED = /\.catch\(\(\) => (undefined|\{\s*\})\)/;
const NAMED_FORM = 'shared/src/ignore-failure.ts';

/** Two assignments in the clothes of one; a spread array is taken apart for what is in it. */
const TUPLE = /(?:^\s*|\b(?:const|let) )\[[^=]*\](?:: [^=]+)? = \[(?!\.\.\.)/;

function faultOfLanguage(line: string, isTest: boolean): string | null {
  if (isTest && UNNAMED_SUBJECT_OF_TEST.test(line)) return 'a test title that does not name its subject';
  const isBookish = BOOKISH.test(line) || (isTest && BOOKISH_TEST.test(line));
  return isBookish ? 'write "again" or "new" for "anew"' : null;
}

function faultOfLine(line: string, isTest: boolean): string | null {
  if (!isTest && SWALLOWED.test(line))
    return 'a failure ignored without a reason: ignoreFailure(promise, because)';
  if (TUPLE.test(line)) return 'several assignments in one: give each a statement of its own';
  if (UNFINISHED.test(line)) return 'unfinished work';
  if (NOT_IN_THE_REPOSITORY.test(line)) return 'cites a document that is not in the repository';
  if (line.length > LINE_LIMIT) return `${line.length} characters, more than ${LINE_LIMIT}`;
  const isLongComment =
    line.length > COMMENT_LINE_LIMIT && COMMENT_LINE.test(line) && !UNBREAKABLE.test(line);
  if (isLongComment) return `a comment of ${line.length} characters, more than ${COMMENT_LINE_LIMIT}`;
  return faultOfLanguage(line, isTest);
}

function checkFile({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  if (NAMELESS.test(path)) faults.push(`${path}: a name that says nothing`);
  if (TEST_FOLDER.test(path)) faults.push(`${path}: a folder called test (uvu would run every file in it)`);
  if (GENERATED.test(path)) return faults;
  const lines = text.split('\n');
  const limit = TEST.test(path) ? TEST_LINES_LIMIT : PRODUCT_LINES_LIMIT;
  const count = text.endsWith('\n') ? lines.length - 1 : lines.length;
  if (count > limit && !isLongFileExplained(lines))
    faults.push(`${path}: ${count} lines, more than ${limit}`);
  const inLines = lines.flatMap((line, index) => {
    const fault = path === NAMED_FORM ? null : faultOfLine(line, TEST.test(path));
    return fault === null ? [] : [`${path}:${index + 1}: ${fault}`];
  });
  return [...faults, ...inLines];
}

/** Every broken rule, one line each. */
export function checkStyle(files: readonly SourceFile[]): string[] {
  return files.flatMap(checkFile);
}
