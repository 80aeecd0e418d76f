/**
 * The files of the web app, from the folder that the build writes. Files with a hash in their name never
 * change; the browser asks for all others each time (with an ETag, so the answer is short). Text is
 * compressed by the build (`NAME.br`), or once, and remembered. A path of the app itself (`/upload`) is
 * answered with its page.
 */
import { readFile, stat } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join, normalize, sep } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type Context, Hono } from 'hono';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
  map: 'application/json',
  onnx: 'application/octet-stream',
};
const COMPRESSED = new Set(['html', 'js', 'css', 'json', 'webmanifest', 'svg', 'wasm', 'txt']);

/** Vite's: a dash and eight characters of hash before the extension, below `assets/`. */
const HASHED = /^\/assets\/.+-[\w-]{8}\.\w+$/;
const FOR_EVER = 'public, max-age=31536000, immutable';

/**
 * For files that the build did not compress: the best quality that is quick enough for the first visitor; 1
 * MB takes 0.1 s.
 */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
/** Larger files are streamed as they are. The models' runtime has 14 MB and becomes 2.7. */
const COMPRESS_BYTES_LIMIT = 16 * 1024 * 1024;
/** For all compressed files that are remembered: the app has about 4 MB. */
const REMEMBERED_BYTES_LIMIT = 16 * 1024 * 1024;

type Found = {
  readonly path: string;
  readonly size: number;
  readonly etag: string;
  readonly extension: string;
};

async function findFile(folder: string, urlPath: string): Promise<Found | null> {
  const path = normalize(join(folder, urlPath));
  // A path that climbs out of the folder, or names a hidden file, is not one of the app's.
  if (!path.startsWith(folder + sep) || /[/\\]\.|\0/.test(urlPath)) return null;
  const about = await stat(path).catch(() => null);
  if (!about?.isFile()) return null;
  const etag = `"${about.size.toString(36)}-${Math.round(about.mtimeMs).toString(36)}"`;
  return { path, size: about.size, etag, extension: path.slice(path.lastIndexOf('.') + 1) };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '/';
  }
}

async function compressNow({ path }: Found, coding: 'br' | 'gzip'): Promise<Uint8Array> {
  const bytes = await readFile(path);
  return coding === 'br' ? promisify(brotliCompress)(bytes, BROTLI) : promisify(gzip)(bytes);
}

function createCompressor() {
  const remembered = new Map<string, Promise<Uint8Array>>();
  let rememberedBytes = 0;
  return async (file: Found, coding: 'br' | 'gzip'): Promise<Uint8Array> => {
    const key = `${coding} ${file.path} ${file.etag}`;
    const known = remembered.get(key);
    if (known) return known;
    const made =
      coding === 'br'
        ? readFile(`${file.path}.br`).catch(() => compressNow(file, coding))
        : compressNow(file, coding);
    if (rememberedBytes < REMEMBERED_BYTES_LIMIT) remembered.set(key, made);
    rememberedBytes += (await made).length;
    return made;
  };
}

function codingFor(c: Context, file: Found): 'br' | 'gzip' | null {
  if (!COMPRESSED.has(file.extension) || file.size > COMPRESS_BYTES_LIMIT) return null;
  const accepted = c.req.header('accept-encoding') ?? '';
  return /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : null;
}

/** Serves `folder`. A path that is neither a file nor a page of the app is left to `notFound`. */
export function webApp(folder: string): Hono {
  const compress = createCompressor();
  const app = new Hono();

  const send = async (c: Context, file: Found, cacheControl: string): Promise<Response> => {
    const headers = {
      ETag: file.etag,
      'Cache-Control': cacheControl,
      'Content-Type': TYPES[file.extension] ?? 'application/octet-stream',
      Vary: 'Accept-Encoding',
    };
    if (c.req.header('if-none-match')?.includes(file.etag)) return c.body(null, 304, headers);
    const coding = codingFor(c, file);
    if (coding)
      return c.body(new Uint8Array(await compress(file, coding)), 200, {
        ...headers,
        'Content-Encoding': coding,
      });
    const stream = Readable.toWeb(createReadStream(file.path)) as ReadableStream<Uint8Array>;
    return c.body(stream, 200, { ...headers, 'Content-Length': String(file.size) });
  };

  app.get('*', async (c) => {
    const path = decodePath(c.req.path);
    const file = await findFile(folder, path === '/' ? '/index.html' : path);
    if (file) return send(c, file, HASHED.test(path) ? FOR_EVER : 'no-cache');
    // A page of the app has no extension; a file that is missing must not be answered with a page.
    const page = /\.\w+$/.test(path) ? null : await findFile(folder, '/index.html');
    return page ? send(c, page, 'no-cache') : c.notFound();
  });
  return app;
}
