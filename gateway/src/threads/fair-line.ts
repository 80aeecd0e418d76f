/**
 * Places that accounts take in turn: of each account one at a time, the next is the one that has waited longest
 * since its last turn. So whoever's work is slow holds up only their own.
 */

/** Runs `work` with a place once it is this account's turn. Throws what `work` throws. */
export type FairLine<Place> = <T>(account: string, work: (place: Place) => Promise<T>) => Promise<T>;

export function createFairLine<Place>(places: readonly Place[]): FairLine<Place> {
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
      come(free.pop()!);
    }
  }

  return async (account, work) => {
    const turn = Promise.withResolvers<Place>();
    const line = waiting.get(account) ?? [];
    line.push(turn.resolve);
    waiting.set(account, line);
    callNext();
    const place = await turn.promise;
    try {
      return await work(place);
    } finally {
      free.push(place);
      inside.delete(account);
      goBehind(account);
      callNext();
    }
  };
}
