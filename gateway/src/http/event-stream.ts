/**
 * Server-sent events for one caller: the stream ends with the caller's session or right to send, so nobody listens
 * longer than they may ask. The only place that opens one.
 */
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { describeError, type Log } from '../observability/log.ts';
import type { GatewayContext } from './route.ts';
import { whileTokenHolds } from './while-token-holds.ts';

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
