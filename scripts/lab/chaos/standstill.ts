/**
 * Ends a run of chaos in which nothing moves: a browser that stalls never answers, and a run that waits for it
 * would wait for ever. The error says where everything stood.
 */
import { setTimeout as after } from 'node:timers/promises';

/** Nothing has moved for too long. The message says where the run stood, line by line. */
export class Standstill extends Error {
  constructor(minutes: number, places: readonly string[]) {
    super([`nothing has moved for ${minutes} minutes`, ...places].join('\n  '));
    this.name = 'Standstill';
  }
}

export type Watched = {
  readonly limitMinutes: number;
  /** A text that changes whenever something moves. */
  readonly progress: () => string;
  /** Where everything stands, for a person. */
  readonly places: () => readonly string[];
};

/** Time is an input. */
export type Clock = {
  readonly now: () => number;
  /** Throws once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

const REAL: Clock = {
  now: () => performance.now(),
  wait: (ms, signal) => after(ms, undefined, { signal }),
};
const LOOK_AGAIN_MS = 1_000;

/** Throws Standstill, or the signal's reason when the run has ended. */
export async function failWhenStill(watched: Watched, signal: AbortSignal, clock = REAL): Promise<never> {
  let last = watched.progress();
  let lastAt = clock.now();
  for (;;) {
    await clock.wait(LOOK_AGAIN_MS, signal);
    const now = watched.progress();
    if (now !== last) lastAt = clock.now();
    last = now;
    if (clock.now() - lastAt >= watched.limitMinutes * 60_000)
      throw new Standstill(watched.limitMinutes, watched.places());
  }
}

/** Whether it has ended by then. Throws what `work` throws. */
export async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const late = new AbortController();
  const isLate = after(ms, false, { signal: late.signal }).catch(() => false);
  return Promise.race([work.then(() => true), isLate]).finally(() => late.abort());
}
