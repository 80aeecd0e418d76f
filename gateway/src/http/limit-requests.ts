/**
 * Limits the requests of each caller. A caller is a device with its right to send, otherwise the account's sessions,
 * otherwise (on public routes) the address. All devices and sessions of one account also share a limit, because an
 * account may enrol any number of devices. Each API key has a limit of its own: a script out of control must not keep
 * its account's user from working, and only administrators make keys. Nobody's requests count against somebody else.
 * Requests that are refused anyway for lack of a token are not counted, because refusing costs as little as counting,
 * and signing in has limits of its own (attempts.ts).
 */
import type { MiddlewareHandler } from 'hono';
import { Problem } from '#shared/protocol/problem.ts';
import { routeOf } from './observe-request.ts';
import { createRateLimit } from './rate-limit.ts';
import type { GatewayContext, GatewayEnv } from './route.ts';

/**
 * An account's limit, in callers. A ward's tablets may share an account, and each sends far below its own limit. With a
 * lower limit they would slow each other down; with a higher one, one account could take as much as many.
 */
const CALLERS_OF_ACCOUNT = 4;

/**
 * Refuses callers that send too many requests, with `Retry-After` (RFC 6585 §4). `perMinute`: per caller; null: no
 * limit. `clock` is in ms and never goes back.
 */
export function limitRequests(perMinute: number | null, clock: () => number): MiddlewareHandler<GatewayEnv> {
  const ofCaller = createRateLimit(perMinute, clock);
  const ofAccount = createRateLimit(perMinute && perMinute * CALLERS_OF_ACCOUNT, clock);
  return async (c, next) => {
    const key = keyOf(c);
    const caller = c.get('caller');
    const account = caller?.scope === 'key' ? undefined : caller?.id;
    const waitSeconds =
      (key !== null && ofCaller.take(key)) || (account !== undefined && ofAccount.take(account)) || 0;
    if (waitSeconds > 0) throw new Problem('rate-limited', undefined, { 'Retry-After': String(waitSeconds) });
    await next();
  };
}

/**
 * Routes for signing in, and for a supervisor's health check. A stranger at the same address must not use up their
 * limit.
 */
const OWN_LIMITS = /^\/(auth|health)(\/|$)/;

function keyOf(c: GatewayContext): string | null {
  const caller = c.get('caller');
  if (caller?.scope === 'key') return `key ${caller.key.id}`;
  if (caller !== null) return caller.device === null ? `account ${caller.id}` : `device ${caller.device}`;
  const { path, access } = routeOf(c);
  return access !== 'public' || OWN_LIMITS.test(path) ? null : `address ${c.get('address')}`;
}
