/**
 * The recent rate of the connection in bytes per second, over the time during which at least one request was running.
 */

export interface LinkMeter {
  begin(): void;
  end(bytes: number): void;
  /** Adds bytes that arrived with a request that ended without an answer. */
  credit(bytes: number): void;
  /** null while it would be a guess. */
  bytesPerSecond(): number | null;
}

/**
 * With a shorter time, a single piece decides; with a longer one, the figure describes a connection that no longer
 * exists.
 */
export const WINDOW_MS = 10_000;
const MEASURED_MS = 250;

export function createLinkMeter(now: () => number): LinkMeter {
  const samples: { readonly busyMs: number; readonly bytes: number }[] = [{ busyMs: 0, bytes: 0 }];
  let busyMs = 0;
  let underWay = 0;
  let since = 0;
  const tick = (): void => {
    const at = now();
    if (underWay > 0) busyMs += Math.max(0, at - since);
    since = at;
  };
  return {
    begin() {
      tick();
      underWay += 1;
    },
    end(bytes) {
      tick();
      underWay -= 1;
      samples.push({ busyMs, bytes });
      while (samples.length > 2 && samples[1]!.busyMs < busyMs - WINDOW_MS) samples.shift();
    },
    credit(bytes) {
      samples.push({ busyMs, bytes });
    },
    bytesPerSecond() {
      const ms = busyMs - samples[0]!.busyMs;
      if (ms < MEASURED_MS) return null;
      return (samples.slice(1).reduce((sum, { bytes }) => sum + bytes, 0) * 1000) / ms;
    },
  };
}
