/** Headers that tell the browser what not to do, in every answer. */
import type { MiddlewareHandler } from 'hono';

/**
 * Everything comes from the app's own origin; no inline script. `wasm-unsafe-eval` lets WebAssembly be
 * compiled (digests, codecs), not strings be run. Styles of single elements are set by scripts through the
 * object model, which needs no `unsafe-inline`.
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
    // A study is opened in the built-in viewer by a form, which carries the token.
    ["form-action 'self'", ...(viewerUrl === null ? [] : [viewerUrl])].join(' '),
    "frame-ancestors 'none'",
  ].join('; ');
/** The API answers with data; if a browser is made to show it, nothing in it may run. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

const COMMON = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};
const WEB_ONLY = {
  // Measured memory, threads for WebAssembly: both ask for an isolated page.
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Permissions-Policy': 'camera=(self), geolocation=(), microphone=(), payment=(), usb=()',
};
/**
 * RFC 6797: two years; only where the public address is https, for on the loopback it would lock out other
 * programs.
 */
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
