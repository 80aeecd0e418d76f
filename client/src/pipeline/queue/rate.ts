/** Bytes per second, smoothed over a few seconds, and the time left where it can be estimated. */
export interface Rate {
  /** `bytes`: the total that has left so far. A smaller number than before starts a new measurement. */
  note(bytes: number, at: number): void;
  /** 0 when nothing has moved for a while. */
  bytesPerSecond(at: number): number;
  /** null while it would be a guess. */
  secondsLeft(remaining: number, at: number): number | null;
  /** Bytes were noted, but none have moved for a while. */
  isStalled(at: number): boolean;
}

/**
 * With a shorter time the number jumps with every piece; with a longer one it describes a connection that no longer
 * exists.
 */
const SMOOTHING_MS = 6_000;
/** No time left is shown until this much time has been measured. */
const MEASURED_MS = 3_000;
const STALLED_MS = 15_000;

export function createRate(): Rate {
  let last: { bytes: number; at: number } | null = null;
  let since = 0;
  let rate = 0;

  return {
    note(bytes, at) {
      // A clock that was set back also starts a new measurement; otherwise the rate would freeze until it
      // caught up.
      if (last === null || bytes < last.bytes || at < last.at || at - last.at > STALLED_MS) {
        last = { bytes, at };
        since = at;
        rate = 0;
        return;
      }
      const elapsed = at - last.at;
      if (bytes === last.bytes || elapsed <= 0) return;
      const now = ((bytes - last.bytes) * 1000) / elapsed;
      // At first the mean of all pieces is used, so that one slow first piece does not affect the rate for half a
      // minute.
      const weight = Math.max(elapsed / (at - since), 1 - Math.exp(-elapsed / SMOOTHING_MS));
      rate += (now - rate) * weight;
      last = { bytes, at };
    },
    bytesPerSecond: (at) => (last === null || at - last.at > STALLED_MS ? 0 : rate),
    isStalled: (at) => last !== null && at - last.at > STALLED_MS,
    secondsLeft(remaining, at) {
      const speed = this.bytesPerSecond(at);
      return speed === 0 || remaining <= 0 || at - since < MEASURED_MS
        ? null
        : Math.max(1, Math.round(remaining / speed));
    },
  };
}
