/** Time as a dependency: the real clock, and the delay before the next attempt. */

export interface Clock {
  /** Monotonic milliseconds, unaffected by changes of the device's clock. Only differences are meaningful. */
  now(): number;
  /** Resolves after `ms`. Throws the signal's reason if it aborts earlier. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const realClock: Clock = {
  now: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  },
};

/** 0.5 s finds a restarted gateway soon. With 30 s, a van that comes back into coverage does not wait for minutes. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A longer Retry-After is cut to this, because a proxy may ask for a day. */
const RETRY_AFTER_MOST_MS = 15 * 60_000;

export interface BackOff {
  /**
   * The next delay in milliseconds. It doubles from call to call, with jitter of half, so that many devices do not
   * return at once. It is at least Retry-After, plus up to a quarter, for the same reason.
   */
  next(retryAfterMs?: number | null): number;
  /** Resets the waiting time after a success. */
  reset(): void;
  /** The total delay since the last success, in milliseconds, for callers that give up eventually. */
  waited(): number;
}

export function createBackOff(random: () => number): BackOff {
  let turn = 0;
  let waitedMs = 0;
  return {
    next(retryAfterMs = null) {
      const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** turn);
      turn += 1;
      const asked = Math.min(RETRY_AFTER_MOST_MS, retryAfterMs ?? 0);
      const wait = Math.max(asked * (1 + random() / 4), longest / 2 + (random() * longest) / 2);
      waitedMs += wait;
      return wait;
    },
    reset() {
      turn = 0;
      waitedMs = 0;
    },
    waited: () => waitedMs,
  };
}
