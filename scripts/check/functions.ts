/**
 * The length of functions as they stand on the page: from the line of the head to that of the closing brace,
 * with markup, functions inside, comments and the breaks within an expression. The linter's own rule counts
 * none of these.
 */
import { parseSync, Visitor } from 'oxc-parser';
import { isLongFunctionExplained } from './long-because.ts';
import type { SourceFile } from './source-files.ts';

/** Functions of up to 40 lines read well; one above this has parts that deserve names, or says why it is long. */
const LINES_LIMIT = 60;
const NOT_WRITTEN = /\.(generated|d)\.ts$/;

const linesOf = (text: string): number => text.split('\n').length;

function checkFile({ path, text }: SourceFile): string[] {
  if (NOT_WRITTEN.test(path) || linesOf(text) <= LINES_LIMIT) return [];
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) return [`${path}: ${errors[0]!.message}`];
  const faults: string[] = [];
  const note = ({ start, end }: { readonly start: number; readonly end: number }): void => {
    const lines = linesOf(text.slice(start, end));
    if (lines <= LINES_LIMIT) return;
    const line = linesOf(text.slice(0, start));
    if (isLongFunctionExplained(text.split('\n'), line - 1)) return;
    faults.push(`${path}:${line}: a function of ${lines} lines, more than ${LINES_LIMIT}`);
  };
  new Visitor({
    FunctionDeclaration: note,
    FunctionExpression: note,
    ArrowFunctionExpression: note,
  }).visit(program);
  return faults;
}

/** Every function that is too long, one line each. */
export function checkFunctions(files: readonly SourceFile[]): string[] {
  return files.flatMap(checkFile);
}
