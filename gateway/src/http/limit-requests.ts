/**
 * Limits on requests, each caller alone: a device's right to send, else the account, else (on the routes that
 * serve everybody) the address. Nobody's requests are counted against somebody else: what is refused anyway
 * without a token costs as little as counting it, and signing in has limits of its own (attempts.ts).
 */
import type { MiddlewareHandler } from 'hono';
import { Problem } from '#shared/protocol/problem.ts';
import { routeOf } from './observe-request.ts';
import type { RateLimit } from './rate-limit.ts';
import type { GatewayContext, GatewayEnv } from './route.ts';

/** Refuses callers that ask too often, with `Retry-After` (RFC 6585 §4). */
export function limitRequests(limit: RateLimit): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const key = keyOf(c);
    const waitSeconds = key === null ? 0 : limit.take(key);
    if (waitSeconds > 0) throw new Problem('rate-limited', undefined, { 'Retry-After': String(waitSeconds) });
    await next();
  };
}

/**
 * Proving who one is, and a supervisor's question whether the gateway lives: a stranger at the same address must
 * not use them up.
 */
const OWN_LIMITS = /^\/(auth|health)(\/|$)/;

function keyOf(c: GatewayContext): string | null {
  const caller = c.get('caller');
  if (caller !== null) return caller.device === null ? `account ${caller.id}` : `device ${caller.device}`;
  const { path, access } = routeOf(c);
  return access !== 'public' || OWN_LIMITS.test(path) ? null : `address ${c.get('address')}`;
}
