/**
 * The one place that makes regular expressions from parts. It is called while modules load, never later, so the parts
 * are constants: `npm run check` loads the modules and judges each whole (scripts/check/patterns.ts).
 */
const composed: RegExp[] = [];

/** In the order in which they were made. */
export const composedPatterns: readonly RegExp[] = composed;

export function composePattern(source: string, flags = ''): RegExp {
  const pattern = new RegExp(source, flags);
  composed.push(pattern);
  return pattern;
}
