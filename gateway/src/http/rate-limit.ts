/**
 * A token bucket for each caller: a minute's worth may be used at once, then it refills evenly. The buckets are per
 * process; several gateways each have their own.
 */

export type RateLimit = {
  /** Takes one token. Returns 0, or the seconds after which to try again. */
  take(key: string): number;
};

type Bucket = { tokens: number; at: number };

const MINUTE_MS = 60_000;
/**
 * How many callers are remembered. A forgotten caller starts with a full bucket, so this must be more than could attack
 * at once.
 */
const CALLERS_LIMIT = 20_000;

/** `perMinute` for each key; null: no limit. `now` is in ms and never goes back. */
export function createRateLimit(perMinute: number | null, now: () => number): RateLimit {
  if (perMinute === null) return { take: () => 0 };
  const buckets = new Map<string, Bucket>();
  return {
    take(key) {
      const at = now();
      const last = buckets.get(key) ?? { tokens: perMinute, at };
      const tokens = Math.min(perMinute, last.tokens + ((at - last.at) / MINUTE_MS) * perMinute);
      // Removed and added again, so that the first entry of the map is the caller not seen for the longest time.
      buckets.delete(key);
      const isAllowed = tokens >= 1;
      buckets.set(key, { tokens: isAllowed ? tokens - 1 : tokens, at });
      const oldest = buckets.keys().next();
      if (buckets.size > CALLERS_LIMIT && !oldest.done) buckets.delete(oldest.value);
      return isAllowed ? 0 : Math.max(1, Math.ceil(((1 - tokens) / perMinute) * 60));
    },
  };
}
