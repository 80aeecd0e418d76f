/**
 * Places that accounts take in turn. An account has one place at a time, and the next place goes to the account that
 * has waited longest since its last turn. So an account whose work is slow holds up only itself.
 */

/**
 * Runs `work` with a place once it is this account's turn. Throws what `work` throws, and the signal's reason: a caller
 * that gives up leaves the line. `isAwaited`: whether another account is waiting for a place.
 */
export type FairLine<Place> = <T>(
  account: string,
  work: (place: Place, isAwaited: () => boolean) => Promise<T>,
  signal?: AbortSignal,
) => Promise<T>;

/** A place whose work may continue after it was given up, until the place is idle. */
type Worker = { idle(): Promise<void> };

/**
 * A line of threads. A place is free only once its thread has let go, so that no work queues behind work that was given
 * up.
 */
export const createThreadLine = <Place extends Worker>(threads: readonly Place[]): FairLine<Place> =>
  createFairLine(threads, (thread) => thread.idle());

/** `whenFree`: resolves when a place whose work has ended may be passed on. */
export function createFairLine<Place>(
  places: readonly Place[],
  whenFree: ((place: Place) => Promise<void>) | null = null,
): FairLine<Place> {
  const line = new Line(places);
  return async (account, work, signal) => {
    signal?.throwIfAborted();
    const place = await line.enter(account, signal);
    try {
      return await work(place, () => line.isAwaited());
    } finally {
      if (whenFree === null) line.leave(account, place);
      else void whenFree(place).then(() => line.leave(account, place));
    }
  };
}

type Turn<Place> = PromiseWithResolvers<Place>;

class Line<Place> {
  readonly #free: Place[];
  readonly #inside = new Set<string>();
  /** The waiting work by account; the account whose turn is next comes first. */
  readonly #waiting = new Map<string, Turn<Place>[]>();

  constructor(places: readonly Place[]) {
    this.#free = [...places];
  }

  /** Waits for a place. Throws the signal's reason. */
  async enter(account: string, signal: AbortSignal | undefined): Promise<Place> {
    const turn: Turn<Place> = Promise.withResolvers();
    const own = this.#waiting.get(account) ?? [];
    own.push(turn);
    this.#waiting.set(account, own);
    const giveUp = (): void => {
      const at = own.indexOf(turn);
      if (at < 0) return;
      own.splice(at, 1);
      if (own.length === 0) this.#waiting.delete(account);
      turn.reject(signal?.reason);
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#callNext();
    try {
      return await turn.promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  leave(account: string, place: Place): void {
    this.#free.push(place);
    this.#inside.delete(account);
    const own = this.#waiting.get(account);
    this.#waiting.delete(account);
    if (own !== undefined) this.#waiting.set(account, own);
    this.#callNext();
  }

  /** Whether another account waits. An account that has a place waits only for itself, and does not count. */
  isAwaited(): boolean {
    return this.#waiting.keys().some((account) => !this.#inside.has(account));
  }

  #callNext(): void {
    for (const [account, own] of this.#waiting) {
      if (this.#free.length === 0) return;
      const turn = this.#inside.has(account) ? undefined : own.shift();
      if (turn === undefined) continue;
      if (own.length === 0) this.#waiting.delete(account);
      this.#inside.add(account);
      // Takes the place that was used last, so that an idle thread stays idle, and ends.
      turn.resolve(this.#free.pop()!);
    }
  }
}
