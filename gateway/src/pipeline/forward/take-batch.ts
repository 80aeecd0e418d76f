/** Chooses the instances of the next store request. */

/**
 * Applies to many small instances. The answer names each of them, and an answer that cannot be parsed costs all of them
 * a second look.
 */
const BATCH_INSTANCES = 100;
/** Requests at once. Orthanc has more threads than this, but more requests only take memory. */
export const BATCHES_AT_ONCE = 4;

/** Takes instances off the front of the queue, in order, up to this many bytes; at least one. */
export function takeBatch<T extends { readonly bytes: number }>(queue: T[], aimBytes: number): readonly T[] {
  let bytes = 0;
  let count = 0;
  for (const instance of queue) {
    bytes += instance.bytes;
    if (count > 0 && (bytes > aimBytes || count >= BATCH_INSTANCES)) break;
    count += 1;
  }
  return queue.splice(0, count);
}

export type Lanes = <T>(request: () => Promise<T>) => Promise<T>;

/** Runs at most `count` requests at once; the others wait in order. */
export function createLanes(count: number): Lanes {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (request) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await request();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
