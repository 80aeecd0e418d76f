/** How long nothing else got a turn in this thread. */
import { existsSync, readFileSync } from 'node:fs';

const TICK_MS = 5;

/**
 * The longest time for which nothing else got a turn: by the clock, and without the time in which this thread waited
 * for a processor, because that tells of the other work on this machine.
 */
export function watchLoop() {
  let longestMs = 0;
  let longestClockMs = 0;
  let at = performance.now();
  let waited = waitedMs();
  const look = (): void => {
    const now = performance.now();
    const waitedNow = waitedMs();
    const heldMs = now - at - TICK_MS;
    longestClockMs = Math.max(longestClockMs, heldMs);
    longestMs = Math.max(longestMs, heldMs - (waitedNow - waited));
    at = now;
    waited = waitedNow;
  };
  const timer = setInterval(look, TICK_MS);
  return {
    stop() {
      clearInterval(timer);
      look();
      return { longestMs: Math.round(longestMs), longestClockMs: Math.round(longestClockMs) };
    },
  };
}

/** A file of Linux: its second number is the nanoseconds in which this thread could run and had no processor. */
const SCHEDULED = '/proc/thread-self/schedstat';
const waitedMs = (): number =>
  existsSync(SCHEDULED) ? Number(readFileSync(SCHEDULED, 'utf8').split(' ')[1]) / 1e6 : 0;
