/** A lane: at most so many pieces of work at once, the others wait in the order in which they came. */
export interface Lane {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createLane(width: number): Lane {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return {
    async run(work) {
      if (busy >= width) await new Promise<void>((resolve) => waiting.push(resolve));
      else busy += 1;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        // The place is handed on, not given back: nobody who comes now may slip in between.
        if (next) next();
        else busy -= 1;
      }
    },
  };
}
