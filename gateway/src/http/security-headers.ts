/** Security headers for the browser, set on every answer. */
import type { MiddlewareHandler } from 'hono';

/**
 * Everything comes from the app's own origin, without inline scripts. `wasm-unsafe-eval` allows compiling WebAssembly
 * (digests, codecs), but not running strings. Scripts set styles of single elements through the object model, which
 * needs no `unsafe-inline`.
 */
const webPolicy = (viewerUrl: string | null): string =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    // A form opens a study in the built-in viewer, because a form can carry the token.
    ["form-action 'self'", ...(viewerUrl === null ? [] : [viewerUrl])].join(' '),
    "frame-ancestors 'none'",
  ].join('; ');
/** The API answers with data. If a browser is made to show an answer, nothing in it may run. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

const COMMON = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};
const WEB_ONLY = {
  // Needed for measuring memory and for WebAssembly threads, which both require an isolated page.
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Permissions-Policy': 'camera=(self), geolocation=(), microphone=(), payment=(), usb=()',
};
/** RFC 6797: two years. Only where the public address is https: on the loopback it would break other programs. */
const TRANSPORT = { 'Strict-Transport-Security': 'max-age=63072000' };

/** Sets the headers of the API's answers or of the web app's. A header that a handler set itself stays. */
export function securityHeaders(
  kind: 'api' | 'web',
  isHttps: boolean,
  viewerUrl: string | null = null,
): MiddlewareHandler {
  const headers = Object.entries({
    ...COMMON,
    ...(kind === 'web'
      ? { 'Content-Security-Policy': webPolicy(viewerUrl), ...WEB_ONLY }
      : { 'Content-Security-Policy': API_POLICY, 'Cache-Control': 'no-store' }),
    ...(isHttps ? TRANSPORT : {}),
  });
  return async (c, next) => {
    await next();
    for (const [name, value] of headers) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  };
}
