/**
 * Limits on requests, each caller alone: a device's right to send, else the account's sessions, else (on the
 * routes that serve everybody) the address. All devices and sessions of one account have a limit together, because
 * an account enrols as many devices as it likes. Each API key has a limit of its own:
 * a script that runs wild must not keep its account's user from working, and only administrators make keys. Nobody's
 * requests are counted against somebody else: what is refused anyway
 * without a token costs as little as counting it, and signing in has limits of its own (attempts.ts).
 */
import type { MiddlewareHandler } from 'hono';
import { Problem } from '#shared/protocol/problem.ts';
import { routeOf } from './observe-request.ts';
import { createRateLimit } from './rate-limit.ts';
import type { GatewayContext, GatewayEnv } from './route.ts';

/**
 * A ward's tablets may share an account, and each sends far below its own limit. Less, and they slow each other
 * down; more, and one account takes as much as many.
 */
const CALLERS_OF_ACCOUNT = 4;

/**
 * Refuses callers that ask too often, with `Retry-After` (RFC 6585 §4). `perMinute`: of one caller; null: no limit.
 * `clock` is in ms and never goes back.
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
 * Proving who one is, and a supervisor's question whether the gateway lives: a stranger at the same address must
 * not use them up.
 */
const OWN_LIMITS = /^\/(auth|health)(\/|$)/;

function keyOf(c: GatewayContext): string | null {
  const caller = c.get('caller');
  if (caller?.scope === 'key') return `key ${caller.key.id}`;
  if (caller !== null) return caller.device === null ? `account ${caller.id}` : `device ${caller.device}`;
  const { path, access } = routeOf(c);
  return access !== 'public' || OWN_LIMITS.test(path) ? null : `address ${c.get('address')}`;
}
