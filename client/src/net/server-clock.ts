/**
 * The gateway's time, derived from the `Date` of its answers: a tablet's own clock may be days off, and may
 * be set while a study is being sent. Times that are signed, or compared with times of the gateway, use this
 * clock; durations are measured by a clock that is never set.
 */

export interface ServerClock {
  /** Milliseconds since 1970, as the gateway counts them; as this device does, until an answer was seen. */
  now(): number;
  /** Call it when a request starts; the returned function takes the headers of the answer. */
  exchange(): (headers: Headers) => void;
  /** The value of the last visit; ignored once an answer has arrived. */
  recall(offsetMs: number): void;
}

interface ServerClockTools {
  /** The device's clock, in milliseconds since 1970: it may be wrong, and may jump. */
  readonly wall: () => number;
  /** Milliseconds that never go back; only differences mean something. */
  readonly monotonic: () => number;
  /** The milliseconds that the gateway's time is ahead of this device's, to be kept for the next visit. */
  keep(offsetMs: number): void;
}

/** RFC 9110 §5.6.7: a date has no fractions; on average half a second of it has gone by. */
const MEAN_FRACTION_MS = 500;
/** An answer that took longer says too little of when it was made: it was a long request, or a bad link. */
const LONGEST_EXCHANGE_MS = 10_000;
/** Two answers differ by their fractions and by the link, a clock that was set by more. */
const JUMP_MS = 30_000;
/**
 * A single strange answer from something in between must not change the clock, and old ones must not hold it.
 */
const SAMPLES = 5;
/** Less is not worth writing. */
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
    // An answer out of a cache tells when it was put there (RFC 9111 §5.1).
    if (Number.isNaN(date) || headers.has('age')) return;
    // The answer was made somewhere between leaving and coming back.
    const sample = date + MEAN_FRACTION_MS + elapsedMs / 2 - wall();
    const isJump = samples.length === 0 || Math.abs(sample - offset) > JUMP_MS + elapsedMs;
    if (!isJump && elapsedMs > LONGEST_EXCHANGE_MS) return;
    // Somebody has set one of the clocks, or this device has slept: earlier measurements mean nothing.
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
