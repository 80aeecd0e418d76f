/**
 * Follows a caller's token beyond the moment when the request was let in, so that nobody is served for longer than
 * they may ask.
 */
import type { TokenWatch } from './route.ts';

/** How late it is noticed that a token has expired, or that a message from another gateway was lost. */
const LOOK_AGAIN_MS = 15_000;

/**
 * Calls `ended` once the token no longer holds. Returns the function that stops following it.
 */
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
      // A database that is away cannot say that the session still is.
      end,
    );
  const unwatch = watch.watch(look);
  const timer = setInterval(look, LOOK_AGAIN_MS).unref();
  // The token may have ended since the request was let in.
  look();
  return stop;
}
