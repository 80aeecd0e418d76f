/**
 * Runs `work` for each of `items`, in order, at most `width` at a time. After the first failure nothing new starts,
 * and the failure is thrown once the running work has ended.
 */
export async function forEachInParallel<T>(
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

/** The results of `work`, in the order of the items; at most `width` run at a time. */
export async function mapInParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  await forEachInParallel(items.entries(), width, async ([at, item]) => {
    results[at] = await work(item);
  });
  return results;
}
