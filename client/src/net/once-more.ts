/**
 * A second try for a safe request whose connection broke: a kept one may be closed at any time, just as it is used
 * (RFC 9112 §9.3.1), and a proxy that restarts resets all of them. Browsers do this automatically; Node does not.
 */

/** RFC 9110 §9.2.1, as far as they are used here. */
const SAFE = ['GET', 'HEAD'];
/** The system's, and undici's, names of a connection that the other side ended. */
const RESET: readonly unknown[] = ['ECONNRESET', 'UND_ERR_SOCKET'];
/** An error of fetch stands in one or two of ours. */
const CAUSES_LIMIT = 5;

/** Asks again, once, where the first try ended in a reset connection and the method is safe. */
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
