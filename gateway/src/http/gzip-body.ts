/**
 * Bodies that come as gzip (RFC 9110 §8.4.1.3), for routes whose bodies are large and say the same again and
 * again: a manifest has a line for each instance, and a slow link carries a sixth of it. The decompressed
 * body has the same limit as a plain one.
 */
import type { MiddlewareHandler } from 'hono';
import { Problem } from '#shared/protocol/problem.ts';

/**
 * Passes the body on decompressed. Throws `unsupported-media-type`, `body-too-large`, and `bad-request` for a
 * body that is no gzip.
 */
export function inflateGzip(maxBytes: number): MiddlewareHandler {
  return async (c, next) => {
    const coding = c.req.header('content-encoding') ?? 'identity';
    const { body } = c.req.raw;
    if (coding === 'identity' || body === null) return next();
    // RFC 9110 §15.5.16: 415 "might be due to the request's indicated Content-Type or Content-Encoding".
    if (coding !== 'gzip') throw new Problem('unsupported-media-type');
    const headers = new Headers(c.req.raw.headers);
    headers.delete('content-encoding');
    headers.delete('content-length');
    c.req.raw = new Request(c.req.raw, { headers, body: await inflate(body, maxBytes) });
    return next();
  };
}

async function inflate(body: ReadableStream<Uint8Array<ArrayBuffer>>, maxBytes: number): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for await (const piece of body.pipeThrough(new DecompressionStream('gzip'))) {
      size += piece.length;
      if (size > maxBytes) throw new Problem('body-too-large');
      pieces.push(piece as Uint8Array<ArrayBuffer>);
    }
  } catch (error) {
    // Compression Standard: a body that is malformed, or continues after its end, is a TypeError.
    throw error instanceof TypeError ? new Problem('bad-request') : error;
  }
  return new Blob(pieces);
}
