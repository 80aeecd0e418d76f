/**
 * Wraps every request: adds a correlation id, writes one typed log line with the route's pattern (never the URL, which
 * may contain anything), and measures the request's time. Refusals of strangers are thinned out (thin-out.ts).
 */
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { type Log, withCorrelation } from '../observability/log.ts';
import { type Access, accessOf, type GatewayContext, type GatewayEnv } from './route.ts';
import { createThinOut } from './thin-out.ts';

/** W3C Trace Context §3.2.2: version, trace-id, parent-id, flags, in lower-case hexadecimal. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

/** The caller's trace id, so that a trace that began elsewhere continues here; otherwise a new id. */
export function correlationIdFor(traceparent: string | undefined, newId: () => string): string {
  const [, traceId] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  // W3C Trace Context §3.2.2.3: "All bytes as zero is considered an invalid value."
  return traceId && /[^0]/.test(traceId) ? traceId : newId();
}

/**
 * The route that matches: its pattern (`/upload/:id/status`) and who may call it. `unknown` for paths without a route.
 */
export function routeOf(c: GatewayContext): { readonly path: string; readonly access: Access | undefined } {
  const route = matchedRoutes(c).findLast(({ handler }) => accessOf(handler) !== undefined);
  return { path: route?.path ?? 'unknown', access: route && accessOf(route.handler) };
}

/** Machines call these every few seconds; a line for each call would hide the others. */
const QUIET = /^\/(health|metrics)/;

export type RequestObserver = {
  readonly log: Log;
  readonly newId: () => string;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly measure: (method: string, route: string, status: number, ms: number) => void;
};

/** The outermost middleware. */
export function observeRequest({
  log,
  newId,
  clock,
  measure,
}: RequestObserver): MiddlewareHandler<GatewayEnv> {
  const thinOut = createThinOut(clock);
  return (c, next) => {
    const id = correlationIdFor(c.req.header('traceparent'), newId);
    c.set('correlationId', id);
    return withCorrelation(id, async () => {
      const began = clock();
      await next();
      c.res.headers.set('X-Correlation-Id', id);
      const { path: route } = routeOf(c);
      const status = c.res.status;
      const ms = Math.round(clock() - began);
      measure(c.req.method, route, status, ms);
      if (QUIET.test(route) && status < 400) return;
      const code = c.get('problemCode');
      const caller = c.get('caller');
      const leftOut = status >= 400 && !caller ? thinOut(`${c.get('address')} ${code ?? status}`) : 0;
      if (leftOut === null) return;
      log({
        event: 'request',
        method: c.req.method,
        route,
        status,
        ms,
        ...(code ? { code } : {}),
        ...(caller ? { user: caller.id } : {}),
        ...(leftOut > 0 ? { leftOut } : {}),
      });
    });
  };
}
