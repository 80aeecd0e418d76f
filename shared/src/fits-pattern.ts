/** The patterns that the conditions of a rule are: `*` stands for any text, also none. Pure. */

/**
 * Whether a text is one that the pattern stands for, whatever its case: stations write as they like. In time that grows
 * with the two lengths, unlike a regular expression with several stars.
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
