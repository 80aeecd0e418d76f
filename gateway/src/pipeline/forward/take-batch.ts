/** Chooses the instances of the next store request. */

/**
 * For many small instances: the answer names each, and one that cannot be parsed costs the others a second
 * look.
 */
const BATCH_INSTANCES = 100;
/** Requests at once. Orthanc has more threads than this; more only take memory. */
export const BATCHES_AT_ONCE = 4;

/** Takes the first ones off the queue, in their order, up to so many bytes; one at least. */
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

/** So many requests at once; the others wait, in their order. */
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
