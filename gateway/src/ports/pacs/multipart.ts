/**
 * multipart/related (RFC 2387, PS3.18 §8.7.1) as the gateway writes it to a PACS and reads it from one, both
 * as streams.
 */
import { createHash, randomBytes } from 'node:crypto';
import { boundaryOf } from '#shared/boundary-of.ts';
import { gatherBytes, joinChunks } from '../../threads/gather-bytes.ts';
import { PacsUnreachable, type InstanceToStore, type ReadBack } from './pacs.ts';
import { provenBytes } from './proven-bytes.ts';

const CRLF = '\r\n';

export type MultipartBody = {
  readonly contentType: string;
  readonly contentLength: number;
  stream(signal: AbortSignal): AsyncIterable<Uint8Array>;
};

/**
 * PS3.18 §10.5.1: a store request with the instances in their order; nothing is read before `stream` is asked
 * for it.
 */
export function storeRequestBody(instances: readonly InstanceToStore[]): MultipartBody {
  const boundary = randomBytes(16).toString('hex');
  const head = (bytes: number) =>
    Buffer.from(
      `--${boundary}${CRLF}Content-Type: application/dicom${CRLF}Content-Length: ${bytes}${CRLF}${CRLF}`,
    );
  const tail = Buffer.from(`--${boundary}--${CRLF}`);
  const contentLength = instances.reduce(
    (sum, { bytes }) => sum + head(bytes).length + bytes + CRLF.length,
    tail.length,
  );
  return {
    contentType: `multipart/related; type="application/dicom"; boundary=${boundary}`,
    contentLength,
    async *stream(signal) {
      for (const instance of instances) {
        yield head(instance.bytes);
        yield* provenBytes(instance, signal);
        yield Buffer.from(CRLF);
      }
      yield tail;
    },
  };
}

/** The header of a part ends within this many bytes, or the answer is not ours to read. */
const PART_HEADER_LIMIT = 16 * 1024;

/**
 * The first part of a multipart answer, or the whole answer where it has no parts: a PACS may answer a single
 * instance with `application/dicom` itself (PS3.18 §8.7.3.1). Throws PacsUnreachable where it is cut or
 * malformed.
 */
export async function* firstPart(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  alive: () => void,
): AsyncGenerator<Uint8Array> {
  const boundary = boundaryOf(contentType, 'related');
  const delimiter = boundary === null ? null : Buffer.from(`${CRLF}--${boundary}`);
  // A line break before the first delimiter makes it look like all others.
  let held: Buffer = Buffer.from(CRLF);
  let within = false;
  for await (const piece of body) {
    alive();
    if (delimiter === null) {
      yield piece;
      continue;
    }
    held = Buffer.concat([held, piece]);
    if (!within) {
      const start = held.indexOf(delimiter);
      const end = start < 0 ? -1 : held.indexOf(CRLF + CRLF, start + delimiter.length);
      if (end < 0) {
        if (held.length > PART_HEADER_LIMIT) break;
        continue;
      }
      held = held.subarray(end + 2 * CRLF.length);
      within = true;
    }
    const end = held.indexOf(delimiter);
    // Bytes that may begin the delimiter stay until more have come.
    const ready = end < 0 ? Math.max(0, held.length - delimiter.length + 1) : end;
    yield held.subarray(0, ready);
    held = held.subarray(ready);
    if (end >= 0) return;
  }
  if (delimiter !== null) throw new PacsUnreachable('the PACS broke off its answer', null);
}

/** No more is read once there are more than `maxBytes`. */
export async function hashAll(pieces: AsyncIterable<Uint8Array>, maxBytes: number): Promise<ReadBack> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    bytes += piece.length;
    if (bytes > maxBytes) break;
  }
  return { digest: hash.digest('hex'), bytes };
}

/** All bytes in memory; null if there are more than `maxBytes`, and then the rest is not read. */
export async function gatherAll(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const gathered = gatherBytes();
  for await (const piece of pieces) {
    if (gathered.size() + piece.length > maxBytes) return null;
    // A piece may be a view of what the next one is read into.
    gathered.add(new Uint8Array(piece));
  }
  return joinChunks(gathered.chunks());
}
