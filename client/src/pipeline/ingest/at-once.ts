/**
 * Does `work` for each of `items`, in order, so many at once: what comes later waits as a list, not as
 * messages. The first failure ends it: what is under way is waited for, nothing new is begun, and the failure
 * is thrown.
 */
export async function atOnce<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failure: { readonly error: unknown } | null = null;
  async function lane(): Promise<void> {
    for (let next = rest.next(); !next.done && failure === null; next = rest.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failure ??= { error };
      }
    }
  }
  await Promise.all(Array.from({ length: width }, lane));
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
}

/** What `work` makes of each item, in their order; so many are worked on at once. */
export async function inOrder<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  await atOnce(items.entries(), width, async ([at, item]) => void (results[at] = await work(item)));
  return results;
}
