/** The web app's origin: its files, and the API under `/api/`. */
import { Hono } from 'hono';
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { describeError, type Log } from '../observability/log.ts';
import { isSecure } from './api.ts';
import { createHostCheck, type OwnNames } from './check-host.ts';
import { toRequest } from './gathered-request.ts';
import type { GatewayEnv, Router } from './route.ts';
import { securityHeaders } from './security-headers.ts';
import { webApp } from './web-app.ts';

const API_PREFIX = '/api';
/** The methods that a `Request` can carry (WHATWG Fetch forbids TRACE and CONNECT); HEAD is served as GET. */
const API_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

type WebTools = OwnNames & {
  /** The built web app. */
  readonly webFolder: string;
  /** Null: no built-in viewer. */
  readonly viewer: { readonly url: string } | null;
  readonly log: Log;
};

export function createWeb(
  api: Router,
  { publicUrl, host, webFolder, viewer, log }: WebTools,
): Hono<GatewayEnv> {
  const web = new Hono<GatewayEnv>();
  // Hono would print the error, and its message may contain anything.
  web.onError((error, c) => {
    log({ event: 'unexpected-error', where: 'web', ...describeError(error) });
    return c.body(null, 500);
  });
  web.on(API_METHODS, `${API_PREFIX}/*`, (c) => {
    const url = new URL(c.req.url);
    url.pathname = url.pathname.slice(API_PREFIX.length);
    return api.fetch(toRequest(c.req.raw, url.href, c.env), { ...c.env, throughWeb: true });
  });
  const isOwnHost = createHostCheck({ publicUrl, host });
  web.use(async (c, next) => {
    if (isOwnHost(c.req.url)) return next();
    const { title, next: advice, status } = PROBLEMS['wrong-host'];
    return c.text(`${title} ${advice}\n`, status);
  });
  web.use(securityHeaders('web', isSecure(publicUrl), viewer?.url ?? null));
  web.route('/', webApp(webFolder));
  return web;
}
