/**
 * `/auth/*` and the published keys. On port 8080 the refresh token is in the body. Through the app's own origin
 * (`/api/auth/*`) it is a cookie that scripts cannot read, and requests from other sites are refused.
 *
 * Over https the cookies have the prefix `__Host-`, so that no other host and no page without TLS can set or replace
 * them. On the loopback without TLS this is impossible (Safari keeps no Secure cookie there), so they have the path
 * `/api/auth` instead.
 */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import {
  loginSchema,
  ownPasswordSchema,
  ROLES,
  type Session,
  sessionListSchema,
  sessionSchema,
  userSchema,
} from '#shared/protocol/api.ts';
import { API_KEY_SCOPES } from '#shared/protocol/api-key.ts';
import { Problem } from '#shared/protocol/problem.ts';
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
import { listSessions } from './list-sessions.ts';
import { REFRESH_TOKEN_SECONDS } from './refresh-token.store.ts';
import { changeOwnPassword } from './set-password.ts';
import {
  type OpenSession,
  refreshSession,
  signIn,
  type SignInTools,
  signOut,
  signOutEverywhere,
} from './sign-in.ts';

const session = z.object(sessionSchema.shape).openapi('Session');
const user = z.object(userSchema.shape).openapi('User');
const refreshBody = z.object({ refreshToken: z.string().min(1).max(256).optional() }).openapi('RefreshToken');
const optionalRefreshBody = { ...jsonBody(refreshBody), required: false };
const logoutBody = refreshBody.extend({ locked: z.boolean().optional() }).openapi('Logout', {
  description: '`locked`: the device was locked, after a time without a touch or by hand.',
});
const jwks = z
  .object({
    keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string(), use: z.string() })),
  })
  .openapi('JwkSet');

const login = defineRoute({
  method: 'post',
  path: '/auth/login',
  operationId: 'signIn',
  summary: 'Sign in with user name and password',
  roles: 'public',
  problems: ['wrong-credentials', 'account-disabled', 'too-many-attempts', 'origin-refused'],
  tags: ['auth'],
  request: { body: jsonBody(loginSchema) },
  responses: { 200: jsonResponse(session, 'Signed in.') },
});
const refresh = defineRoute({
  method: 'post',
  path: '/auth/refresh',
  operationId: 'refreshSession',
  summary: 'Continue a session: new tokens for a refresh token, which is used up',
  roles: 'public',
  problems: ['session-ended', 'not-authenticated', 'origin-refused'],
  tags: ['auth'],
  request: { body: optionalRefreshBody },
  responses: { 200: jsonResponse(session, 'Still signed in. The refresh token that was sent is used up.') },
});
const logout = defineRoute({
  method: 'post',
  path: '/auth/logout',
  operationId: 'signOut',
  summary: 'End this session',
  roles: 'public',
  problems: ['not-authenticated', 'origin-refused'],
  tags: ['auth'],
  request: { body: { ...jsonBody(logoutBody), required: false } },
  responses: { 204: { description: 'Signed out.' } },
});
const password = defineRoute({
  method: 'post',
  path: '/auth/password',
  operationId: 'changeOwnPassword',
  roles: ROLES,
  problems: ['wrong-password', 'weak-password', 'too-many-attempts', 'session-ended', 'origin-refused'],
  tags: ['auth'],
  summary: 'Change your own password. All your other sessions end, and so does what devices may send',
  request: { body: jsonBody(ownPasswordSchema) },
  responses: { 200: jsonResponse(session, 'Changed. This session continues with these tokens.') },
});
const sessions = defineRoute({
  method: 'get',
  path: '/auth/sessions',
  roles: ROLES,
  tags: ['auth'],
  summary: 'What acts in your name now: sessions, and devices that may send your studies',
  responses: { 200: jsonResponse(sessionListSchema, 'Last used first') },
});
const logoutEverywhere = defineRoute({
  method: 'delete',
  path: '/auth/sessions',
  operationId: 'signOutEverywhere',
  roles: ROLES,
  problems: ['origin-refused'],
  tags: ['auth'],
  summary: 'Sign out everywhere: all sessions end, and so does what your devices may send',
  request: { query: z.object({ which: z.literal('all') }) },
  responses: { 204: { description: 'Signed out everywhere, here too.' } },
});
const me = defineRoute({
  method: 'get',
  path: '/auth/me',
  summary: 'Your own account',
  roles: ROLES,
  keys: API_KEY_SCOPES,
  tags: ['auth'],
  responses: { 200: jsonResponse(user, 'The signed-in user.') },
});
const keySet = defineRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  operationId: 'getJwks',
  summary: 'The public keys of tokens and receipts',
  roles: 'public',
  tags: ['auth'],
  responses: {
    200: jsonResponse(jwks, 'The public keys of tokens and receipts, retired ones too (RFC 7517).'),
  },
});

/** The longest time that browsers keep a cookie (RFC 6265bis §5.5). */
const KNOWN_SECONDS = 400 * 86_400;

type AuthRouteTools = SignInTools & { readonly keys: Keys; readonly publicUrl: string };

/**
 * Prevents cross-site request forgery: a browser sends the cookie with every request, so a request that it marks as
 * another site's is refused. The mark is Fetch Metadata (Sec-Fetch-Site) if present, otherwise Origin. A client that
 * sends neither is not a browser.
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

type CookieName = 'relay_refresh' | `relay_known_${string}`;

/** The cookies of the app's own origin. */
function createCookies(publicUrl: string) {
  const secure = publicUrl.startsWith('https:');
  const options = { httpOnly: true, sameSite: 'Strict', path: secure ? '/' : '/api/auth', secure } as const;
  const full = (name: CookieName): string => (secure ? `__Host-${name}` : name);
  return {
    read: (c: GatewayContext, name: CookieName) => getCookie(c, full(name)),
    set: (c: GatewayContext, name: CookieName, { value, maxAge }: { value: string; maxAge: number }) =>
      setCookie(c, full(name), value, { ...options, maxAge }),
    remove: (c: GatewayContext, name: CookieName) => deleteCookie(c, full(name), options),
  };
}
type Cookies = ReturnType<typeof createCookies>;

function presentedToken(
  c: GatewayContext,
  cookies: Cookies,
  body: { refreshToken?: string | undefined } | undefined,
): string {
  const token = c.get('throughWeb') ? cookies.read(c, 'relay_refresh') : body?.refreshToken;
  if (!token) throw new Problem('not-authenticated', undefined, { 'WWW-Authenticate': 'Bearer' });
  return token;
}

export function authRoutes(tools: AuthRouteTools): Router {
  const router = createRouter();
  const { publicUrl, keys, knownDevices } = tools;
  const cookies = createCookies(publicUrl);

  /** The session as the caller gets it. Through the app's origin, the refresh token is set as a cookie instead. */
  const give = (c: GatewayContext, { refreshToken, ...open }: OpenSession) => {
    if (!c.get('throughWeb')) return { ...open, refreshToken };
    cookies.set(c, 'relay_refresh', { value: refreshToken, maxAge: REFRESH_TOKEN_SECONDS });
    return open;
  };
  const shownBy = (c: GatewayContext) => (accountId: string) =>
    c.get('throughWeb') ? cookies.read(c, `relay_known_${accountId}`) : undefined;
  const remember = (c: GatewayContext, accountId: string): void => {
    const shown = shownBy(c)(accountId);
    const value = shown && knownDevices.read(accountId, shown) ? shown : knownDevices.issue(accountId);
    if (c.get('throughWeb')) cookies.set(c, `relay_known_${accountId}`, { value, maxAge: KNOWN_SECONDS });
  };

  router.openapi(login, async (c) => {
    refuseOtherSites(c, publicUrl);
    const from = { address: c.get('address'), shown: shownBy(c) };
    const opened = await signIn(tools, c.req.valid('json'), from);
    remember(c, opened.user.id);
    return c.json(give(c, opened), 200);
  });
  router.openapi(refresh, async (c) => {
    refuseOtherSites(c, publicUrl);
    const token = presentedToken(c, cookies, c.req.valid('json'));
    return c.json(give(c, await refreshSession(tools, token)), 200);
  });
  router.openapi(logout, async (c) => {
    refuseOtherSites(c, publicUrl);
    const body = c.req.valid('json');
    await signOut(tools, presentedToken(c, cookies, body), body?.locked ? 'locked' : 'logout');
    if (c.get('throughWeb')) cookies.remove(c, 'relay_refresh');
    return c.body(null, 204);
  });
  addOwnSessions(router, tools, { cookies, give });
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

type SessionParts = {
  readonly cookies: Cookies;
  readonly give: (c: GatewayContext, opened: OpenSession) => Session;
};

/** The routes for one's own sessions, with which people list them and end all, or all others. */
function addOwnSessions(router: Router, tools: AuthRouteTools, { cookies, give }: SessionParts): void {
  const { publicUrl } = tools;
  router.openapi(password, async (c) => {
    refuseOtherSites(c, publicUrl);
    return c.json(give(c, await changeOwnPassword(tools, callerOf(c), c.req.valid('json'))), 200);
  });
  router.openapi(sessions, async (c) => {
    const shown = c.get('throughWeb') ? cookies.read(c, 'relay_refresh') : undefined;
    return c.json(
      { sessions: await listSessions(tools.db, callerOf(c).id, shown ?? null, tools.now()) },
      200,
    );
  });
  router.openapi(logoutEverywhere, async (c) => {
    refuseOtherSites(c, publicUrl);
    await signOutEverywhere(tools, callerOf(c));
    if (c.get('throughWeb')) cookies.remove(c, 'relay_refresh');
    return c.body(null, 204);
  });
}
