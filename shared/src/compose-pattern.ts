/**
 * The one place that builds regular expressions from parts. It must only be called while modules load, so that the
 * parts are constants: `npm run check` loads the modules and judges every pattern as a whole
 * (scripts/check/patterns.ts).
 */
const composed: RegExp[] = [];

/** All patterns, in the order in which they were made. */
export const composedPatterns: readonly RegExp[] = composed;

export function composePattern(source: string, flags = ''): RegExp {
  const pattern = new RegExp(source, flags);
  composed.push(pattern);
  return pattern;
}
