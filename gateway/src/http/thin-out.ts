/**
 * Thins out log lines about refused strangers: one a minute of each kind, with the number of lines left out before it.
 * So nobody without an account can decide how much the gateway logs.
 */

const MINUTE_MS = 60_000;
/** How many kinds are remembered; a forgotten kind is logged again. */
const KINDS_LIMIT = 10_000;

/** Null: leave the line out. Otherwise: how many of this kind were left out since the last line. */
type ThinOut = (kind: string) => number | null;

/** `clock`: in milliseconds; it never goes back. */
export function createThinOut(clock: () => number): ThinOut {
  const seen = new Map<string, { readonly at: number; leftOut: number }>();
  return (kind) => {
    const at = clock();
    const last = seen.get(kind);
    if (last !== undefined && at - last.at < MINUTE_MS) {
      last.leftOut += 1;
      return null;
    }
    // Removed and added again, so that the first entry of the map is the kind not logged for the longest time.
    seen.delete(kind);
    seen.set(kind, { at, leftOut: 0 });
    const oldest = seen.keys().next();
    if (seen.size > KINDS_LIMIT && !oldest.done) seen.delete(oldest.value);
    return last?.leftOut ?? 0;
  };
}
