/**
 * Places that accounts take in turn: of each account one at a time, the next is the one that has waited longest
 * since its last turn. So whoever's work is slow holds up only their own.
 */

/**
 * Runs `work` with a place once it is this account's turn. Throws what `work` throws, and the reason of the signal: who
 * gives up leaves the line.
 */
export type FairLine<Place> = <T>(
  account: string,
  work: (place: Place) => Promise<T>,
  signal?: AbortSignal,
) => Promise<T>;

/** A place whose work may go on after it was given up, until it is idle. */
type Worker = { idle(): Promise<void> };

/** Of threads: a place is free once its thread has let go, so that no work lands behind what was given up. */
export const createThreadLine = <Place extends Worker>(threads: readonly Place[]): FairLine<Place> =>
  createFairLine(threads, (thread) => thread.idle());

/** `whenFree`: a place whose work has ended may be given on. */
export function createFairLine<Place>(
  places: readonly Place[],
  whenFree: ((place: Place) => Promise<void>) | null = null,
): FairLine<Place> {
  const free = [...places];
  const inside = new Set<string>();
  /** By account, the one whose turn is next first. */
  const waiting = new Map<string, ((place: Place) => void)[]>();

  function goBehind(account: string): void {
    const line = waiting.get(account);
    waiting.delete(account);
    if (line !== undefined) waiting.set(account, line);
  }

  function callNext(): void {
    for (const [account, line] of waiting) {
      if (free.length === 0) return;
      const come = inside.has(account) ? undefined : line.shift();
      if (come === undefined) continue;
      if (line.length === 0) waiting.delete(account);
      inside.add(account);
      come(free.shift()!);
    }
  }

  function release(account: string, place: Place): void {
    free.push(place);
    inside.delete(account);
    goBehind(account);
    callNext();
  }

  /** Throws the signal's reason. */
  async function enter(account: string, signal: AbortSignal | undefined): Promise<Place> {
    const turn = Promise.withResolvers<Place>();
    const line = waiting.get(account) ?? [];
    line.push(turn.resolve);
    waiting.set(account, line);
    const leave = (): void => {
      const at = line.indexOf(turn.resolve);
      if (at < 0) return;
      line.splice(at, 1);
      if (line.length === 0 && waiting.get(account) === line) waiting.delete(account);
      turn.reject(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    callNext();
    try {
      return await turn.promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  return async (account, work, signal) => {
    signal?.throwIfAborted();
    const place = await enter(account, signal);
    try {
      return await work(place);
    } finally {
      if (whenFree === null) release(account, place);
      else void whenFree(place).then(() => release(account, place));
    }
  };
}
