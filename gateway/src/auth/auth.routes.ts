/**
 * `/auth/*` and the published keys. On port 8080 the refresh token is in the body; through the app's own
 * origin (`/api/auth/*`) it is a cookie that scripts cannot read, and requests from other sites are refused.
 */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { loginSchema, ROLES, sessionSchema, userSchema } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { addressOf } from '../http/caller-key.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  type GatewayContext,
  type GatewayEnv,
  jsonBody,
  jsonResponse,
  type Router,
} from '../http/route.ts';
import type { Keys } from '../keys.ts';
import { REFRESH_TOKEN_SECONDS } from './refresh-token.store.ts';
import { type OpenSession, refreshSession, signIn, type SignInTools, signOut } from './sign-in.ts';

const session = z.object(sessionSchema.shape).openapi('Session');
const user = z.object(userSchema.shape).openapi('User');
const refreshBody = z.object({ refreshToken: z.string().min(1).max(256).optional() }).openapi('RefreshToken');
const optionalRefreshBody = { ...jsonBody(refreshBody), required: false };
const jwks = z
  .object({
    keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string(), use: z.string() })),
  })
  .openapi('JwkSet');

const login = defineRoute({
  method: 'post',
  path: '/auth/login',
  roles: 'public',
  problems: ['wrong-credentials', 'origin-refused'],
  tags: ['auth'],
  request: { body: jsonBody(loginSchema) },
  responses: { 200: jsonResponse(session, 'Signed in.') },
});
const refresh = defineRoute({
  method: 'post',
  path: '/auth/refresh',
  roles: 'public',
  problems: ['session-ended', 'not-authenticated', 'origin-refused'],
  tags: ['auth'],
  request: { body: optionalRefreshBody },
  responses: { 200: jsonResponse(session, 'Still signed in. The refresh token that was sent is used up.') },
});
const logout = defineRoute({
  method: 'post',
  path: '/auth/logout',
  roles: 'public',
  problems: ['not-authenticated', 'origin-refused'],
  tags: ['auth'],
  request: { body: optionalRefreshBody },
  responses: { 204: { description: 'Signed out.' } },
});
const me = defineRoute({
  method: 'get',
  path: '/auth/me',
  roles: ROLES,
  tags: ['auth'],
  responses: { 200: jsonResponse(user, 'The signed-in user.') },
});
const keySet = defineRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  roles: 'public',
  tags: ['auth'],
  responses: {
    200: jsonResponse(jwks, 'The public keys of tokens and receipts, retired ones too (RFC 7517).'),
  },
});

const COOKIE = 'relay_refresh';
const COOKIE_PATH = '/api/auth';

export type AuthRouteTools = SignInTools & { readonly keys: Keys; readonly publicUrl: string };

/**
 * Cross-site request forgery: a browser sends the cookie by itself, so a request that a browser marks as
 * another site's is refused. Fetch Metadata (Sec-Fetch-Site) if it is sent, else Origin; a client that sends
 * neither is not a browser.
 */
function refuseOtherSites(c: Context<GatewayEnv>, publicUrl: string): void {
  if (!c.get('throughWeb')) return;
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new Problem('origin-refused');
  const origin = c.req.header('origin');
  if (origin === undefined || origin === publicUrl) return;
  if (!URL.canParse(origin) || new URL(origin).host !== c.req.header('host'))
    throw new Problem('origin-refused');
}

function cookieOptions(publicUrl: string) {
  return {
    httpOnly: true,
    sameSite: 'Strict',
    path: COOKIE_PATH,
    secure: publicUrl.startsWith('https:'),
  } as const;
}

function presentedToken(c: GatewayContext, body: { refreshToken?: string | undefined } | undefined): string {
  const token = c.get('throughWeb') ? getCookie(c, COOKIE) : body?.refreshToken;
  if (!token) throw new Problem('not-authenticated', undefined, { 'WWW-Authenticate': 'Bearer' });
  return token;
}

export function authRoutes(tools: AuthRouteTools): Router {
  const router = createRouter();
  const { publicUrl, keys } = tools;

  /** The session as the caller gets it; through the app's origin the refresh token is set as a cookie. */
  const give = (c: GatewayContext, { refreshToken, ...open }: OpenSession) => {
    if (!c.get('throughWeb')) return { ...open, refreshToken };
    setCookie(c, COOKIE, refreshToken, { ...cookieOptions(publicUrl), maxAge: REFRESH_TOKEN_SECONDS });
    return open;
  };

  router.openapi(login, async (c) => {
    refuseOtherSites(c, publicUrl);
    return c.json(give(c, await signIn(tools, c.req.valid('json'), addressOf(c))), 200);
  });
  router.openapi(refresh, async (c) => {
    refuseOtherSites(c, publicUrl);
    return c.json(give(c, await refreshSession(tools, presentedToken(c, c.req.valid('json')))), 200);
  });
  router.openapi(logout, async (c) => {
    refuseOtherSites(c, publicUrl);
    await signOut(tools, presentedToken(c, c.req.valid('json')));
    if (c.get('throughWeb')) deleteCookie(c, COOKIE, cookieOptions(publicUrl));
    return c.body(null, 204);
  });
  router.openapi(me, (c) => {
    const { id, username, roles, siteId } = callerOf(c);
    return c.json({ id, username, roles, siteId }, 200);
  });
  router.openapi(keySet, (c) => {
    c.header('Cache-Control', 'public, max-age=300');
    return c.json({ keys: [...keys.jwks().keys] }, 200);
  });
  return router;
}
