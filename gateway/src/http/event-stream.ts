/**
 * Server-sent events for one caller. The stream ends with the caller's session or right to send, so nobody listens for
 * longer than they are allowed to. All event streams are opened here.
 */
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { describeError, type Log } from '../observability/log.ts';
import type { GatewayContext } from './route.ts';
import { whileTokenHolds } from './while-token-holds.ts';

/**
 * Runs `tell` until it returns; it should stop once the stream is aborted. An error in it is logged, and neither
 * printed nor sent to the caller, who then opens another stream.
 */
export function streamEvents(
  c: GatewayContext,
  log: Log,
  tell: (stream: SSEStreamingApi) => Promise<void>,
): Response {
  const watch = c.get('tokenWatch');
  c.header('Cache-Control', 'no-store');
  // Otherwise nginx would buffer the answer.
  c.header('X-Accel-Buffering', 'no');
  return streamSSE(c, async (stream) => {
    const stop = watch && whileTokenHolds(watch, () => stream.abort());
    try {
      await tell(stream);
    } catch (error) {
      log({ event: 'unexpected-error', where: 'events', ...describeError(error) });
    } finally {
      stop?.();
    }
  });
}
