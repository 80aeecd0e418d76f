/**
 * Work that must reach the gateway before its author signs out, such as a verdict that was given but not sent. After
 * signing out, nobody has the right to send it.
 */
export interface SignOutTasks {
  /** `finish` sends what waits, and resolves to whether nothing is left. Returns a function that removes the task. */
  add(finish: () => Promise<boolean>): () => void;
  /** Runs all tasks, and resolves to the number that could not be finished. */
  finishAll(): Promise<number>;
  /** Calls `run` when nothing delays signing out any more, while everything of the person is still on the page. */
  onLeave(run: () => void): void;
  /** Call this just before the page is cleared. */
  leave(): void;
}

/** The person is about to leave, so a gateway that does not answer within this time counts as unreachable. */
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
