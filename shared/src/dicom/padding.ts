/**
 * The text without the null bytes and spaces at its end. A regular expression would look for the end from each of
 * them: a value of 64 KiB that holds little else takes it seconds.
 */
export function withoutPadding(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\0')) end--;
  return text.slice(0, end);
}
