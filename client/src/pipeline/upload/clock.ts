/** Time as an input: the real clock, and how long to wait before asking again. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`, throws the signal's reason when aborted before. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const realClock: Clock = {
  now: () => Date.now(),
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

/** 0.5 s: a restarted gateway is met soon; 30 s: a van that comes back into coverage does not wait for minutes. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

export interface BackOff {
  /** How long to wait now; doubles from call to call, with jitter of half, so that many devices do not come back at once. */
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
      const wait = Math.max(retryAfterMs ?? 0, longest / 2 + (random() * longest) / 2);
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
