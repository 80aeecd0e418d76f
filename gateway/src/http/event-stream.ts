/**
 * Server-sent events for one caller: the stream ends with the caller's session or right to send, so nobody listens
 * longer than they may ask. The only place that opens one.
 */
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { describeError, type Log } from '../observability/log.ts';
import type { GatewayContext } from './route.ts';

/** How late a stream notices that its token has expired, or a message from another gateway that was lost. */
const LOOK_AGAIN_MS = 15_000;

/**
 * Runs `tell` until it returns; it should stop once the stream is aborted. An error in it is logged, and neither
 * printed nor told to the caller, who opens another stream.
 */
export function streamEvents(
  c: GatewayContext,
  log: Log,
  tell: (stream: SSEStreamingApi) => Promise<void>,
): Response {
  const watch = c.get('tokenWatch');
  c.header('Cache-Control', 'no-store');
  // nginx gathers answers otherwise.
  c.header('X-Accel-Buffering', 'no');
  return streamSSE(c, async (stream) => {
    const endIfEnded = async (): Promise<void> => {
      if ((await watch?.stillHolds()) === false) stream.abort();
    };
    // A database that is away cannot say that the session still is.
    const look = (): void => void endIfEnded().catch(() => stream.abort());
    const unwatch = watch?.watch(look);
    const timer = setInterval(look, LOOK_AGAIN_MS);
    try {
      // The session may have ended since the request was let in.
      look();
      await tell(stream);
    } catch (error) {
      log({ event: 'unexpected-error', where: 'events', ...describeError(error) });
    } finally {
      clearInterval(timer);
      unwatch?.();
    }
  });
}
