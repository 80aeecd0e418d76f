/** Chooses the instances of the next store request. */

/**
 * For many small instances: the answer names each, and one that cannot be parsed costs the others a second
 * look.
 */
export const BATCH_INSTANCES = 100;
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
