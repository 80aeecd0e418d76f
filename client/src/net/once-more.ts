/**
 * Repeats a safe request whose connection broke. A kept-alive connection may be closed at any time, even just as it is
 * used (RFC 9112 §9.3.1), and a restarting proxy resets all connections. Browsers repeat automatically; Node does not.
 */

/** The safe methods used here (RFC 9110 §9.2.1). */
const SAFE = ['GET', 'HEAD'];
/** The codes of the system and of undici for a connection that the other side closed. */
const RESET: readonly unknown[] = ['ECONNRESET', 'UND_ERR_SOCKET'];
/** An error of fetch is wrapped in at most one or two of the app's errors. */
const CAUSES_LIMIT = 5;

/** Repeats `ask` once if the first attempt ended in a reset connection and the method is safe. */
export async function onceMore<T>(method: string | undefined, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!SAFE.includes(method ?? 'GET') || !isReset(error)) throw error;
    return ask();
  }
}

function isReset(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < CAUSES_LIMIT && cause instanceof Error; depth += 1) {
    if ('code' in cause && RESET.includes(cause.code)) return true;
    cause = cause.cause;
  }
  return false;
}
