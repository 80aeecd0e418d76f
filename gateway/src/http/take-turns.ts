/** Turns by caller: for each caller only a limited number of things happen at once, and the others wait in line. */

/** Throws what `work` throws, and the signal's reason if the caller left while waiting. */
export type Turns = <T>(caller: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

type Line = { running: number; readonly waiting: (() => void)[] };

export function createTurns(atOnce: number): Turns {
  const lines = new Map<string, Line>();
  return async (caller, signal, work) => {
    const line = lines.get(caller) ?? { running: 0, waiting: [] };
    lines.set(caller, line);
    // Whoever finishes passes the place to the next in line.
    if (line.running >= atOnce) await new Promise<void>((resolve) => line.waiting.push(resolve));
    else line.running += 1;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = line.waiting.shift();
      if (next === undefined) line.running -= 1;
      else next();
      if (line.running === 0) lines.delete(caller);
    }
  };
}
