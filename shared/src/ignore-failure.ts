/**
 * Lets a promise fail without consequences. The reason is an argument, so that no failure is swallowed without one: say
 * why the failure does not matter, not what is called.
 */
export function ignoreFailure<T>(promise: Promise<T>, _because: string): Promise<T | undefined> {
  return promise.catch(() => undefined);
}
