/**
 * The viewer's origin, at port RELAY_VIEWER_PORT: it serves OHIF's files under a strict policy, and DICOMweb for one
 * study. It is an origin of its own, so that OHIF's scripts can reach neither the app's storage nor its pages. Cookies
 * ignore ports, so a browser may send the app's cookies here, but this server neither reads nor sets any. Every request
 * needs the token in its Authorization header, which no browser adds by itself.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { textsBetween } from '#shared/texts-between.ts';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { etag, RETAINED_304_HEADERS } from 'hono/etag';
import type { ReadView, ViewerTokens } from '../auth/viewer-token.ts';
import { createApi, type ApiTools } from '../http/api.ts';
import type { CallerTools } from '../http/authenticate.ts';
import { createHostCheck } from '../http/check-host.ts';
import { toRequest } from '../http/gathered-request.ts';
import type { GatewayContext, GatewayEnv, Router } from '../http/route.ts';
import { describeError } from '../observability/log.ts';
import { confineTo } from './confine.ts';
import type { ViewerFiles } from './viewer-files.ts';
import { CONFIG_SCRIPT, endedPage, offPage, openingPage, START_SCRIPT } from './viewer-pages.ts';

type ViewerWebTools = Omit<ApiTools, 'callers'> & {
  /** The viewer's origin. */
  readonly viewerUrl: string;
  readonly tokens: ViewerTokens;
  readonly callers: CallerTools;
  readonly files: Pick<ViewerFiles, 'served'>;
  /** The routes that read over DICOMweb. */
  readonly reading: readonly Router[];
  readonly now: () => Date;
};

const PAGE = '/viewer';
const POLICY = 'Content-Security-Policy';
const BODY_BYTES = 4096;
/** Names with a hash in them: such files never change. */
const HASHED = /(^\/|\.)[0-9a-f]{16}\.\w+$/;
const HIDDEN_FILE = /[/\\]\.|%2e/i;

export function createViewerWeb(tools: ViewerWebTools): Hono<GatewayEnv> {
  const { viewerUrl, host, log, files } = tools;
  const web = new Hono<GatewayEnv>();
  web.onError((error, c) => {
    log({ event: 'unexpected-error', where: 'viewer', ...describeError(error) });
    return c.body(null, 500);
  });
  const isOwnHost = createHostCheck({ publicUrl: viewerUrl, host });
  const policyOf = createPolicies();
  web.use(async (c, next) => {
    if (!isOwnHost(c.req.url)) return c.text('This name is not the viewer’s.\n', 421);
    await next();
    const headers = headersOf(await policyOf(files.served()), viewerUrl.startsWith('https:'));
    for (const [name, value] of headers) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  });
  addDicomWeb(web, tools);
  addOwnPages(web, tools);
  addFiles(web, files);
  return web;
}

const bearerOf = (c: GatewayContext): string | null =>
  /^bearer +([A-Za-z0-9._-]+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? null;

function addDicomWeb(web: Hono<GatewayEnv>, tools: ViewerWebTools): void {
  const { tokens, callers, reading, files, viewerUrl } = tools;
  const readToken: CallerTools['readToken'] = async (token) => {
    const view = await tokens.read(token);
    return view && { ...view, deviceId: null, keyDigest: null };
  };
  // The caller has the rights of its account, but at these routes only.
  const api = createApi([{ routes: reading }], {
    ...tools,
    publicUrl: viewerUrl,
    callers: { ...callers, readToken },
  });
  web.on(['GET'], '/dicom-web/*', async (c) => {
    const token = bearerOf(c);
    const view = token === null ? null : await tokens.read(token);
    const asked = view && confineTo(view.studyInstanceUID, c.req.url);
    if (asked && files.served() !== null) return api.fetch(toRequest(c.req.raw, asked.href, c.env), c.env);
    // This address does not exist in the API, so the API refuses and counts the request, and asks for a token where
    // there is none.
    const nowhere = new URL('/dicom-web', c.req.url);
    return api.fetch(toRequest(c.req.raw, nowhere.href, c.env), c.env);
  });
}

/** Whether the token still holds: the account may have lost its rights since the link was made. */
async function holds({ callers }: ViewerWebTools, view: ReadView): Promise<boolean> {
  return (await callers.users.find(view.accountId))?.epoch === view.epoch;
}

function addOwnPages(web: Hono<GatewayEnv>, tools: ViewerWebTools): void {
  const { tokens, files, now } = tools;
  const noStore = { 'Cache-Control': 'no-store' };
  const script = { 'Content-Type': 'text/javascript; charset=utf-8', 'Cache-Control': 'no-cache' };
  web.post('/relay/open', bodyLimit({ maxSize: BODY_BYTES }), async (c) => {
    if (files.served() === null) return c.html(offPage, 503, noStore);
    const { token } = await c.req.parseBody();
    const view = typeof token === 'string' ? await tokens.read(token) : null;
    if (typeof token !== 'string' || view === null || !(await holds(tools, view)))
      return c.html(endedPage, 401, noStore);
    const seconds = Math.floor((view.expiresAt.getTime() - now().getTime()) / 1000);
    return c.html(openingPage(token, view.studyInstanceUID, seconds), 200, noStore);
  });
  web.get('/relay/ended', (c) => c.html(endedPage, 200, noStore));
  web.get('/relay/start.js', (c) => c.body(START_SCRIPT, 200, script));
  web.get('/app-config.js', (c) => c.body(CONFIG_SCRIPT, 200, script));
  // OHIF's own script registers a service worker, which would outlive the tab.
  web.get('/init-service-worker.js', (c) => c.body('', 200, script));
}

function addFiles(web: Hono<GatewayEnv>, files: Pick<ViewerFiles, 'served'>): void {
  // A browser stores a script with the policy of the latest answer, even of a 304 "not modified".
  web.use(etag({ retainedHeaders: [...RETAINED_304_HEADERS, POLICY] }));
  web.get('*', async (c, next) => {
    const folder = files.served();
    if (folder === null) return c.html(offPage, 503, { 'Cache-Control': 'no-store' });
    if (c.req.path === PAGE) {
      c.header('Cache-Control', 'no-cache');
      return c.html(await readFile(join(folder, 'index.html'), 'utf8'));
    }
    if (c.req.path === '/') return c.html(endedPage);
    if (HIDDEN_FILE.test(c.req.path) || c.req.path === '/index.html') return next();
    const response = await serveStatic<GatewayEnv>({
      rewriteRequestPath: (path) => join(folder, path),
      precompressed: true,
    })(c, next);
    if (!(response instanceof Response)) return response;
    const isHashed = HASHED.test(c.req.path);
    response.headers.set('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    // The files of a version never change. Computing a digest would hold a whole file in memory for every request.
    response.headers.set('ETag', `W/"${basename(folder)}"`);
    if (isScript(response)) response.headers.set(POLICY, WORKER_POLICY);
    return response;
  });
}

/**
 * Allows scripts of the origin, and the few inline scripts of OHIF's page by their digests. OHIF compiles WebAssembly
 * (codecs) and styles elements by attributes. It may send requests to its own origin only, not to the app's origin or
 * anything else on the network.
 */
const policyWith = (scripts: readonly string[]): string =>
  [
    "default-src 'none'",
    ["script-src 'self' 'wasm-unsafe-eval'", ...scripts].join(' '),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' blob: data:",
    "font-src 'self' data:",
    "connect-src 'self' blob: data:",
    "worker-src 'self' blob:",
    "manifest-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-src 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/**
 * A worker takes the policy that comes with its own script (HTML, *run a worker*); a page ignores the policy of the
 * script. OHIF's workers decode JPEG 2000, JPEG-LS, HTJ2K and JPEG, with code that calls `new Function`. A worker sees
 * neither the page nor its session storage, where the token is, and may ask this origin alone.
 */
const WORKER_POLICY = policyWith(["'unsafe-eval'"]);
const isScript = ({ headers }: Response): boolean =>
  headers.get('Content-Type')?.startsWith('text/javascript') ?? false;

function createPolicies(): (folder: string | null) => Promise<string> {
  let known: { readonly folder: string; readonly policy: string } | null = null;
  return async (folder) => {
    if (folder === null) return policyWith([]);
    if (known?.folder !== folder) {
      const html = await readFile(join(folder, 'index.html'), 'utf8');
      const digests = textsBetween(html, '<script>', '</script>').map(
        (script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
      );
      known = { folder, policy: policyWith(digests) };
    }
    return known.policy;
  };
}

function headersOf(policy: string, isHttps: boolean): readonly (readonly [string, string])[] {
  return [
    [POLICY, policy],
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Cross-Origin-Embedder-Policy', 'require-corp'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
    ['X-Frame-Options', 'DENY'],
    ['Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'],
    ...(isHttps ? [['Strict-Transport-Security', 'max-age=63072000'] as const] : []),
  ];
}
