/**
 * multipart/related (PS3.18 §8.7.1) from the PACS to the caller, as a stream: parts are read, and written again with
 * no header but a media type that was checked. Other headers of a part may hold the PACS's own address.
 */
import { boundaryOf } from '#shared/boundary-of.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { DICOM, ENCODED } from './accepted.ts';

/** The media type of a part, then its bytes. */
export type PartPiece = { readonly type: string } | Uint8Array;

const CRLF = '\r\n';
const HEAD_END = CRLF + CRLF;
/** The header of a part ends within this many bytes, or the answer is not ours to read. */
const HEAD_LIMIT = 16 * 1024;

/** Instances, frames, bulk data, pictures. No type that a browser would run. */
const PART_TYPES: readonly string[] = [DICOM, ...ENCODED];
const PART_TYPE = /^([a-z0-9/-]+)(\s*;\s*transfer-syntax="?[0-9.]{1,64}"?)?$/i;

/** The media type, checked so that it may be passed on. @throws PacsUnreachable */
export function checkedType(said: string): string {
  const [, type = ''] = PART_TYPE.exec(said.trim()) ?? [];
  if (!PART_TYPES.includes(type.toLowerCase()))
    throw new PacsUnreachable('the PACS answered with another media type', null);
  return said.trim();
}

/**
 * The parts of an answer; one that has no parts is the only one. Throws PacsUnreachable where it is cut, malformed,
 * or of another media type.
 */
export async function* readParts(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<PartPiece> {
  const boundary = boundaryOf(contentType, 'related');
  if (boundary === null) {
    yield { type: checkedType(contentType) };
    yield* body;
    return;
  }
  const delimiter = Buffer.from(`${CRLF}--${boundary}`);
  // A line break before the first delimiter makes it look like all others.
  let held: Buffer = Buffer.from(CRLF);
  let state: 'before' | 'head' | 'part' = 'before';
  for await (const piece of body) {
    held = Buffer.concat([held, piece]);
    for (;;) {
      if (state === 'head') {
        // RFC 2046 §5.1.1: the last delimiter ends with two hyphens.
        if (held.length >= 2 && held.toString('latin1', 0, 2) === '--') return;
        const end = held.indexOf(HEAD_END);
        if (end < 0 && held.length > HEAD_LIMIT) throw malformed();
        if (end < 0) break;
        yield { type: checkedType(typeIn(held.toString('latin1', 0, end))) };
        held = held.subarray(end + HEAD_END.length);
        state = 'part';
      }
      const end = held.indexOf(delimiter);
      // Bytes that may begin the delimiter stay until more have come.
      const ready = end < 0 ? Math.max(0, held.length - delimiter.length + 1) : end;
      if (state === 'part' && ready > 0) yield held.subarray(0, ready);
      held = held.subarray(end < 0 ? ready : end + delimiter.length);
      if (end < 0) break;
      state = 'head';
    }
  }
  throw malformed();
}

const typeIn = (head: string): string =>
  /^content-type:\s*([^\r\n]*)/im.exec(head)?.[1] ?? 'application/octet-stream';

const malformed = (): PacsUnreachable => new PacsUnreachable('the PACS broke off its answer', null);

/** The parts of all answers as one body. */
export async function* writeParts(
  answers: AsyncIterable<AsyncIterable<PartPiece>>,
  boundary: string,
): AsyncGenerator<Uint8Array> {
  let before = '';
  for await (const answer of answers)
    for await (const piece of answer) {
      if (piece instanceof Uint8Array) yield piece;
      else yield Buffer.from(`${before}--${boundary}${CRLF}Content-Type: ${piece.type}${HEAD_END}`);
      before = CRLF;
    }
  yield Buffer.from(`${before}--${boundary}--${CRLF}`);
}

/** The bytes of the first part alone. */
export async function* onlyPart(answer: AsyncIterable<PartPiece>): AsyncGenerator<Uint8Array> {
  let parts = 0;
  for await (const piece of answer) {
    if (piece instanceof Uint8Array) yield piece;
    else parts += 1;
    if (parts > 1) return;
  }
}
