/**
 * What somebody has said and the gateway has not heard yet, wherever on the page it waits: it is kept before
 * they sign out, for afterwards their right is gone.
 */
export interface Farewell {
  /**
   * `keep` sends at once what waits, and says whether nothing is left of it. What comes back takes it out
   * again.
   */
  add(keep: () => Promise<boolean>): () => void;
  /** How many could not be kept. */
  keepAll(): Promise<number>;
}

/** Whoever signs out is about to leave: a gateway that does not answer within this is away. */
export const FAREWELL_MS = 5_000;

export function createFarewell(later: (work: () => void, ms: number) => void): Farewell {
  const waiting = new Set<() => Promise<boolean>>();
  const tooLate = () => new Promise<boolean>((resolve) => later(() => resolve(false), FAREWELL_MS));
  return {
    add(keep) {
      waiting.add(keep);
      return () => void waiting.delete(keep);
    },
    async keepAll() {
      const kept = await Promise.all(
        [...waiting].map((keep) => Promise.race([keep().catch(() => false), tooLate()])),
      );
      return kept.filter((isKept) => !isKept).length;
    },
  };
}
