/**
 * Ends a request when its caller's right to make it ends: when the account, session or device was ended, but not when a
 * token expires during the request. A body that is still being sent is cut off at that moment. A request that was
 * received completely is still answered, if the answer does not take long.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import type { GatewayEnv } from './route.ts';
import { whileTokenHolds } from './while-token-holds.ts';

/** People who end their own sessions still get the answer; a slow reader of a large answer does not. */
const ANSWER_WITHIN_MS = 15_000;

/** Watches the connection, so it does nothing in a test's `app.request`. */
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
