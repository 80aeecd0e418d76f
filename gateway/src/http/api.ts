/** The API: the middleware around every request, the features' routes, and the contract made from them. */
import type { MiddlewareHandler } from 'hono';
import { Problem } from '#shared/protocol/problem.ts';
import type { Feature } from '../feature.ts';
import type { Log } from '../observability/log.ts';
import { authenticate, type CallerTools } from './authenticate.ts';
import { createHostCheck, type OwnNames } from './check-host.ts';
import { clientAddress, networkOf, type TrustedProxies } from './client-address.ts';
import { endWithToken } from './end-with-token.ts';
import { limitRequests } from './limit-requests.ts';
import { namedMethod } from './named-method.ts';
import { observeRequest, type RequestObserver } from './observe-request.ts';
import { serveOpenApi } from './openapi.ts';
import { notFoundHandler, problemHandler } from './problem-handler.ts';
import { createRouter, type GatewayEnv, type Router } from './route.ts';
import { securityHeaders } from './security-headers.ts';

export type ApiTools = OwnNames & {
  readonly trustedProxies: TrustedProxies;
  /** Requests a minute per caller; null: unlimited. */
  readonly rateLimit: number | null;
  readonly version: string;
  readonly callers: CallerTools;
  readonly isDatabaseUp: () => Promise<boolean>;
  /** Whether the disk has too little room to take anything new. */
  readonly isFull: () => Promise<boolean>;
  readonly metrics: { readonly request: RequestObserver['measure'] };
  readonly log: Log;
  readonly clock: () => number;
  readonly newId: () => string;
};

export function createApi(features: readonly Feature[], tools: ApiTools): Router {
  const { publicUrl, rateLimit, version, callers, log, clock, newId } = tools;
  const api = createRouter();
  api.use(observeRequest({ log, newId, clock, measure: tools.metrics.request }));
  api.use(securityHeaders('api', isSecure(publicUrl)));
  const isOwnHost = createHostCheck(tools);
  api.use(async (c, next) => {
    if (!isOwnHost(c.req.url)) throw new Problem('wrong-host');
    c.set('throughWeb', c.env?.throughWeb === true);
    const peer = c.env?.incoming?.socket.remoteAddress ?? 'local';
    c.set('address', networkOf(clientAddress(peer, c.req.header('x-forwarded-for'), tools.trustedProxies)));
    await next();
  });
  api.use(authenticate(callers));
  api.use(limitRequests(rateLimit, clock));
  api.use(refuseWhenFull(tools.isFull));
  api.use(endWithToken());
  api.onError(problemHandler(log, tools.isDatabaseUp, tools.isFull));
  api.notFound(notFoundHandler(api));
  for (const { routes = [] } of features) for (const router of routes) api.route('/', router);
  serveOpenApi(api, version);
  return api;
}

export const isSecure = (publicUrl: string): boolean => publicUrl.startsWith('https:');

const BRINGS_DATA = new Set(['POST', 'PUT', 'PATCH']);
const PASSES = /^\/(auth\/|upload\/[^/]+\/(complete|decisions)$)/;

/**
 * On a full disk nothing new is taken: such a request is answered with 507 before it touches the database. Requests
 * that read, delete, sign in, or finish a study still pass.
 */
function refuseWhenFull(isFull: () => Promise<boolean>): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    if (BRINGS_DATA.has(namedMethod(c.req)) && !PASSES.test(c.req.path) && (await isFull()))
      throw new Problem('storage-full');
    await next();
  };
}
