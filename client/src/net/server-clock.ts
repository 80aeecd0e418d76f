/**
 * The gateway's time, derived from the `Date` of its answers, because a tablet's own clock may be days off and may be
 * set while a study is being sent. Times that are signed, or compared with times of the gateway, use this clock.
 * Durations are measured by a clock that is never set.
 */

export interface ServerClock {
  /** Milliseconds since 1970 by the gateway's clock; by this device's clock until an answer has arrived. */
  now(): number;
  /** Call this when a request starts. The returned function takes the headers of the answer. */
  exchange(): (headers: Headers) => void;
  /** Sets the offset stored at an earlier start of the page; ignored once an answer has arrived. */
  recall(offsetMs: number): void;
}

interface ServerClockTools {
  /** The device's clock, in milliseconds since 1970. It may be wrong, and may jump. */
  readonly wall: () => number;
  /** Milliseconds that never go back. Only differences are meaningful. */
  readonly monotonic: () => number;
  /** Stores for the next start by how many milliseconds the gateway's time is ahead of this device's. */
  keep(offsetMs: number): void;
}

/** A date has no fractions of a second (RFC 9110 §5.6.7); on average half a second has passed. */
const MEAN_FRACTION_MS = 500;
/** An answer that took longer says too little about when it was made: the request was long, or the link bad. */
const LONGEST_EXCHANGE_MS = 10_000;
/** Two answers differ by the fractions of a second and by the link. A larger difference means that a clock was set. */
const JUMP_MS = 30_000;
/**
 * Enough that one strange answer from something in between does not change the clock, and few enough that old answers
 * do not hold it.
 */
const SAMPLES = 5;
/** A smaller change is not worth writing. */
const WORTH_KEEPING_MS = 2_000;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

export function createServerClock({ wall, monotonic, keep }: ServerClockTools): ServerClock {
  let samples: number[] = [];
  let offset = 0;
  let kept: number | null = null;

  function note(headers: Headers, elapsedMs: number): void {
    const date = Date.parse(headers.get('date') ?? '');
    // A cached answer carries the time at which it was cached (RFC 9111 §5.1).
    if (Number.isNaN(date) || headers.has('age')) return;
    // The answer was made at some time between request and response.
    const sample = date + MEAN_FRACTION_MS + elapsedMs / 2 - wall();
    const isJump = samples.length === 0 || Math.abs(sample - offset) > JUMP_MS + elapsedMs;
    if (!isJump && elapsedMs > LONGEST_EXCHANGE_MS) return;
    // One of the clocks was set, or this device has slept, so earlier measurements are worthless.
    samples = isJump ? [sample] : [...samples, sample].slice(-SAMPLES);
    offset = median(samples);
    if (kept !== null && Math.abs(offset - kept) < WORTH_KEEPING_MS) return;
    kept = offset;
    keep(Math.round(offset));
  }

  return {
    now: () => wall() + offset,
    exchange() {
      const leftAt = monotonic();
      return (headers) => note(headers, monotonic() - leftAt);
    },
    recall(offsetMs) {
      if (samples.length === 0) offset = offsetMs;
    },
  };
}
