/** multipart/related (RFC 2387, PS3.18 §8.7.1), written to a PACS and read from one, both as streams. */
import { createHash } from 'node:crypto';
import { boundaryOf } from '#shared/boundary-of.ts';
import { gatherBytes, joinChunks } from '../../threads/gather-bytes.ts';
import { PartsError, splitParts, type PartEvent } from '../../threads/split-parts.ts';
import { CRLF, relatedParts } from '../../threads/write-parts.ts';
import { PacsUnreachable, type InstanceToStore, type ReadBack } from './pacs.ts';
import { provenBytes } from './proven-bytes.ts';

type MultipartBody = {
  readonly contentType: string;
  readonly contentLength: number;
  stream(signal: AbortSignal): AsyncIterable<Uint8Array>;
};

/** PS3.18 §10.5.1: a store request with the instances in order. Nothing is read before `stream` is called. */
export function storeRequestBody(instances: readonly InstanceToStore[]): MultipartBody {
  const type = 'application/dicom';
  const { contentType, head, tail } = relatedParts(type);
  const headOf = ({ bytes: length }: InstanceToStore) => head({ type, length });
  const contentLength = instances.reduce(
    (sum, one) => sum + headOf(one).length + one.bytes + CRLF.length,
    tail.length,
  );
  return {
    ...{ contentType, contentLength },
    async *stream(signal) {
      for (const instance of instances) {
        yield headOf(instance);
        yield* provenBytes(instance, signal);
        yield CRLF;
      }
      yield tail;
    },
  };
}

/** Limits of an answer: a longer part head, or more bytes before the first part, is not read. */
const BOUNDS = { head: 8 * 1024, before: 8 * 1024 };

/**
 * The parts of a PACS's answer. An answer that is not multipart is a single part with the answer's Content-Type: a PACS
 * may answer a single instance with `application/dicom` itself (PS3.18 §8.7.3.1). Throws PacsUnreachable where the
 * answer is cut or malformed.
 */
export async function* answerParts(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<PartEvent> {
  const boundary = boundaryOf(contentType, 'related');
  if (boundary === null) {
    yield { head: Buffer.from(`Content-Type: ${contentType}`), at: 0 };
    yield* body;
    yield 'end';
    return;
  }
  try {
    yield* splitParts(boundary, body, BOUNDS);
  } catch (error) {
    throw error instanceof PartsError ? new PacsUnreachable('the PACS broke off its answer', null) : error;
  }
}

/** The bytes of the first part of an answer. `alive`: called for each piece that comes. Throws like `answerParts`. */
export async function* firstPart(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  alive: () => void,
): AsyncGenerator<Uint8Array> {
  async function* heard(): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      alive();
      yield piece;
    }
  }
  for await (const event of answerParts(contentType, heard())) {
    if (event === 'end') return;
    if (event instanceof Uint8Array) yield event;
  }
  throw new PacsUnreachable('the PACS broke off its answer', null);
}

/** Stops reading once there are more than `maxBytes`. */
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

/** All bytes in memory; null if there are more than `maxBytes`, and the rest is not read then. */
export async function gatherAll(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const gathered = gatherBytes();
  for await (const piece of pieces) {
    if (gathered.size() + piece.length > maxBytes) return null;
    // A copy, because a piece may share its memory with the next one.
    gathered.add(new Uint8Array(piece));
  }
  return joinChunks(gathered.chunks());
}
