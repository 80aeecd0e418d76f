/**
 * The reason for a length, given in the comment at the head of a file or a function: "Long, because …". Anchors of the
 * field let a long file be long where it is one thing.
 */
const MARKS = ['//', '/*', '*'];
const OPENING = 'Long, because';

const isComment = (line: string): boolean => MARKS.some((mark) => line.trimStart().startsWith(mark));

/** Whether these lines of comment give a reason; the words alone are none. */
function givesReason(comment: readonly string[]): boolean {
  const text = comment.join(' ');
  const at = text.indexOf(OPENING);
  const reason = text
    .slice(at + OPENING.length)
    .replaceAll('*', '')
    .replaceAll('/', '');
  return at !== -1 && reason.trim() !== '';
}

/** Whether the comment that begins the file says why it is long. */
export function isLongFileExplained(lines: readonly string[]): boolean {
  const end = lines.findIndex((line) => !isComment(line));
  return givesReason(end === -1 ? lines : lines.slice(0, end));
}

/** Whether the comment right above the line `at` (from 0), where a function begins, says why it is long. */
export function isLongFunctionExplained(lines: readonly string[], at: number): boolean {
  const above = lines.slice(0, at);
  return givesReason(above.slice(above.findLastIndex((line) => !isComment(line)) + 1));
}
