/** Time as an input: the real clock, and how long to wait before asking again. */

export interface Clock {
  /**
   * Milliseconds that never go back, whatever is done to the device's clock: only differences mean something.
   */
  now(): number;
  /** Resolves after `ms`, throws the signal's reason when aborted before. */
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

/**
 * 0.5 s: a restarted gateway is met soon; 30 s: a van that comes back into coverage does not wait for
 * minutes.
 */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** Whoever asks for more than this is asked once in between: a proxy's Retry-After may be a day. */
const RETRY_AFTER_MOST_MS = 15 * 60_000;

export interface BackOff {
  /**
   * How long to wait now, in milliseconds; doubles from call to call, with jitter of half, so that many
   * devices do not come back at once. What Retry-After asks for is waited for in any case, and up to a
   * quarter longer, for the same reason.
   */
  next(retryAfterMs?: number | null): number;
  /** Something succeeded. */
  reset(): void;
  /** Waits since the last success, in milliseconds: who has no patience left gives up. */
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
