/**
 * The text without the null bytes and spaces at its end. A regular expression would search for the end again from each
 * padding character, which takes seconds for a value of 64 KiB that is mostly padding.
 */
export function withoutPadding(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\0')) end--;
  return text.slice(0, end);
}
