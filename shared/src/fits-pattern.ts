/** Matches the patterns in the conditions of rules: `*` stands for any text, including none. Pure. */

/**
 * Whether a text matches the pattern. Case is ignored, because stations vary in it. The time grows with the two
 * lengths, unlike that of a regular expression with several stars.
 */
export function fits(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.toUpperCase().split('*');
  const value = text.toUpperCase();
  const last = rest.pop();
  if (last === undefined) return value === first;
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return value.length - last.length >= at && value.endsWith(last);
}
