/**
 * Serves the files of the web app from the folder that the build writes, compressed by the build (`NAME.br`). Files
 * with a hash in their name never change; the browser revalidates all others each time (with an ETag, so the answer is
 * short). A path of the app itself (`/upload`) is answered with its page.
 */
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type MiddlewareHandler } from 'hono';
import { etag } from 'hono/etag';

/** Vite's naming: a dash and eight characters of hash before the extension, below `assets/`. */
const HASHED = /^\/assets\/.+-[\w-]{8}\.\w+$/;
const FOR_EVER = 'public, max-age=31536000, immutable';
/** The app has no hidden files; one that somebody left in the folder is not served. */
const HIDDEN_FILE = /[/\\]\.|%2e/i;

/** Size and time stand for the file's content in the ETag: hashing 14 MB for each visitor would not be worth it. */
const caching: MiddlewareHandler = async (c, next) => {
  await next();
  const changedAt = c.res.headers.get('last-modified');
  if (changedAt === null) return;
  c.header('ETag', `"${c.res.headers.get('content-length')}-${Date.parse(changedAt).toString(36)}"`);
  c.header('Cache-Control', HASHED.test(c.req.path) ? FOR_EVER : 'no-cache');
};

/** Serves `folder`. A path that is neither a file nor a page of the app is left to `notFound`. */
export function webApp(folder: string): Hono {
  const files = serveStatic({ rewriteRequestPath: (path) => join(folder, path), precompressed: true });
  const page = serveStatic({ path: join(folder, 'index.html'), precompressed: true });
  const app = new Hono();
  app.use(etag(), caching);
  app.get('*', (c, next) => (HIDDEN_FILE.test(c.req.path) ? next() : files(c, next)));
  // A page of the app has no extension; a file that is missing must not be answered with a page.
  app.get('*', (c, next) => (/\.\w+$/.test(c.req.path) ? next() : page(c, next)));
  return app;
}
