/**
 * Work that must reach the gateway before its author signs out, such as a verdict that was given and not sent:
 * afterwards they have no right to send it.
 */
export interface SignOutTasks {
  /** `finish` sends what waits and resolves to whether nothing is left. Returns a function that removes it. */
  add(finish: () => Promise<boolean>): () => void;
  /** Runs all of them and resolves to how many could not be finished. */
  finishAll(): Promise<number>;
  /** `run` comes while everything of the person is still on the page, and nothing holds them up any more. */
  onLeave(run: () => void): void;
  /** Call it just before the page is cleared. */
  leave(): void;
}

/** The person is about to leave: a gateway that does not answer within this time counts as unreachable. */
const FINISH_WITHIN_MS = 5_000;

export function createSignOutTasks(later: (work: () => void, ms: number) => void): SignOutTasks {
  const waiting = new Set<() => Promise<boolean>>();
  const leaving: (() => void)[] = [];
  const tooLate = () => new Promise<boolean>((resolve) => later(() => resolve(false), FINISH_WITHIN_MS));
  return {
    add(finish) {
      waiting.add(finish);
      return () => void waiting.delete(finish);
    },
    onLeave: (run) => void leaving.push(run),
    leave() {
      for (const run of leaving) run();
    },
    async finishAll() {
      const finished = await Promise.all(
        [...waiting].map((finish) => Promise.race([finish().catch(() => false), tooLate()])),
      );
      return finished.filter((isFinished) => !isFinished).length;
    },
  };
}
