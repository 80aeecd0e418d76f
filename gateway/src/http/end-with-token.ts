/**
 * Ends each request with its caller's right to make it: when the account, the session or the device has ended, not
 * when a token expires on the way. A body that still travels is cut off at that moment; a
 * request that has come whole is answered as it was let in, if the answer does not take long.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import type { GatewayEnv } from './route.ts';
import { whileTokenHolds } from './while-token-holds.ts';

/** People who end their own sessions still read the answer; a slow reader of a large answer does not. */
const ANSWER_WITHIN_MS = 15_000;

/** Follows the connection, so it does nothing in a test's `app.request`. */
export function endWithToken(): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const watch = c.get('tokenWatch');
    const { incoming, outgoing } = c.env ?? {};
    if (watch && incoming instanceof IncomingMessage && outgoing instanceof ServerResponse)
      outgoing.once(
        'close',
        whileTokenHolds({ ...watch, stillHolds: watch.isNotTaken }, () => endConnection(incoming, outgoing)),
      );
    await next();
  };
}

function endConnection(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const end = (): void => {
    if (!outgoing.closed) incoming.socket.destroy();
  };
  if (incoming.complete) setTimeout(end, ANSWER_WITHIN_MS).unref();
  else end();
}
