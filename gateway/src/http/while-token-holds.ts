/**
 * Watches a caller's token after the request was let in, so that nobody is served for longer than they are allowed to
 * be.
 */
import type { TokenWatch } from './route.ts';

/** The longest delay until it is noticed that a token has expired, or that a message from another gateway was lost. */
const LOOK_AGAIN_MS = 15_000;

/** Calls `ended` once the token is no longer valid. Returns the function that stops watching. */
export function whileTokenHolds(watch: TokenWatch, ended: () => void): () => void {
  const stop = (): void => {
    clearInterval(timer);
    unwatch();
  };
  const end = (): void => {
    stop();
    ended();
  };
  const look = (): void =>
    void watch.stillHolds().then(
      (holds) => holds || end(),
      // While the database is away, it cannot confirm that the session is still valid.
      end,
    );
  const unwatch = watch.watch(look);
  const timer = setInterval(look, LOOK_AGAIN_MS).unref();
  // The token may have become invalid since the request was let in.
  look();
  return stop;
}
