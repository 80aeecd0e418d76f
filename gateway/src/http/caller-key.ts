/**
 * Limits count by account, else by the address that the connection comes from. Headers that a proxy may have
 * set are not trusted, because anybody can send them. Behind a proxy all callers who have not signed in
 * therefore count as one, which is why signing in has limits of its own.
 */
import type { MiddlewareHandler } from 'hono';
import { Problem } from '#shared/protocol/problem.ts';
import type { RateLimit } from './rate-limit.ts';
import type { GatewayContext, GatewayEnv } from './route.ts';

/**
 * The address of the other end of the connection; `local` if there is none (tests call the app without one).
 */
export function addressOf(c: GatewayContext): string {
  return c.env?.incoming?.socket.remoteAddress ?? 'local';
}

/** Refuses callers that ask too often, with `Retry-After` (RFC 6585 §4). */
export function limitRequests(limit: RateLimit): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const waitSeconds = limit.take(c.get('caller')?.id ?? addressOf(c));
    if (waitSeconds > 0) throw new Problem('rate-limited', undefined, { 'Retry-After': String(waitSeconds) });
    await next();
  };
}
