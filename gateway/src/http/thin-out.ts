/**
 * Thins out the log of strangers' refusals: of each kind it has one a minute, with the number of those left out
 * before it. Nobody without an account decides how much the gateway writes.
 */

const MINUTE_MS = 60_000;
/** Kinds remembered; one that was forgotten is logged again. */
const KINDS_LIMIT = 10_000;

/** Null: left out. Otherwise how many of this kind were left out since the last one that was not. */
type ThinOut = (kind: string) => number | null;

/** `clock` is in ms and never goes back. */
export function createThinOut(clock: () => number): ThinOut {
  const seen = new Map<string, { readonly at: number; leftOut: number }>();
  return (kind) => {
    const at = clock();
    const last = seen.get(kind);
    if (last !== undefined && at - last.at < MINUTE_MS) {
      last.leftOut += 1;
      return null;
    }
    // Taken out and put in again: the first of the map is the one not logged for longest.
    seen.delete(kind);
    seen.set(kind, { at, leftOut: 0 });
    const oldest = seen.keys().next();
    if (seen.size > KINDS_LIMIT && !oldest.done) seen.delete(oldest.value);
    return last?.leftOut ?? 0;
  };
}
