/**
 * Time that passes as fast as a test can run: sleepers are woken in order, when nothing else is left to do. A
 * day takes a moment, and the same seed gives the same day.
 *
 * WebCrypto runs on other threads; the calls under way in `crypto.subtle` are counted so that time waits for
 * them.
 */
import { setImmediate as turn } from 'node:timers/promises';

export type VirtualTime = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`; throws the signal's reason when aborted before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Lets time pass until `isOver`, or for the given time. False: it was not over by then, or nothing is
   * waiting.
   */
  run(isOver: () => boolean, withinMs: number): Promise<boolean>;
};

type Sleeper = { readonly at: number; wake(): void };

const START = Date.UTC(2026, 0, 1);
const COUNTED = ['digest', 'verify', 'sign', 'importKey'] as const;

/** Counts what is under way in `crypto.subtle` until `stop`. */
export function watchCrypto(): { isBusy(): boolean; stop(): void } {
  const { subtle } = crypto;
  let underWay = 0;
  for (const name of COUNTED) {
    const real = subtle[name].bind(subtle) as (...args: unknown[]) => Promise<unknown>;
    const counted = async (...args: unknown[]): Promise<unknown> => {
      underWay += 1;
      try {
        return await real(...args);
      } finally {
        underWay -= 1;
      }
    };
    Object.defineProperty(subtle, name, { value: counted, configurable: true });
  }
  return {
    isBusy: () => underWay > 0,
    stop() {
      for (const name of COUNTED) Reflect.deleteProperty(subtle, name);
    },
  };
}

export function createVirtualTime(isBusy: () => boolean): VirtualTime {
  const sleepers: Sleeper[] = [];
  let now = START;

  /** Resolves when everything that can happen without time has happened. */
  async function settle(): Promise<void> {
    do await turn();
    while (isBusy());
    await turn();
  }

  /** Sorted by time; of equals the first to sleep is woken first. */
  function insert(sleeper: Sleeper): void {
    let at = sleepers.length;
    while (at > 0 && sleepers[at - 1]!.at > sleeper.at) at -= 1;
    sleepers.splice(at, 0, sleeper);
  }

  return {
    now: () => now,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const sleeper: Sleeper = {
          at: now + Math.max(0, ms),
          wake() {
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        const onAbort = (): void => {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          reject(signal!.reason);
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        insert(sleeper);
      });
    },
    async run(isOver, withinMs) {
      const end = now + withinMs;
      for (;;) {
        await settle();
        if (isOver()) return true;
        const next = sleepers.shift();
        if (next === undefined || next.at > end) return false;
        now = next.at;
        next.wake();
      }
    },
  };
}
