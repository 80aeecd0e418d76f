/**
 * The parts of a `multipart/related` body of STOW-RS (PS3.18 §10.5) as it lies there, found by their delimiters
 * (RFC 2046 §5.1.1): clients need not say how long a part is. Reads in pieces; memory does not grow with a part.
 */
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';

/** The headers of a part end within this many bytes; dcm4che's take about 150. */
const HEADER_LIMIT = 8 * 1024;
const PIECE_BYTES = 4 * 1024 * 1024;
/** Between a boundary and its line end RFC 2046 allows white space. */
const PADDING_LIMIT = 256;

/** The body is not what its Content-Type says. */
export class PartsError extends Error {}

export type BodyPart = { readonly range: ByteRange; readonly contentType: string };

/** Throws PartsError. `boundary`: 1 to 70 characters. */
export async function findParts(body: ByteSource, boundary: string): Promise<readonly BodyPart[]> {
  const parts: BodyPart[] = [];
  // The first one may stand at the very start, without the line end that belongs to all others.
  const opening = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const start = await body.read(0, Math.min(opening.length, body.size));
  let at = opening.equals(start) ? opening.length : await after(body, 0, delimiter);
  for (;;) {
    const head = await readText(body, at, PADDING_LIMIT);
    if (head.startsWith('--')) return parts;
    const line = head.indexOf('\r\n');
    if (line < 0 || head.slice(0, line).trim() !== '') throw new PartsError('no line end after a boundary');
    if (parts.length === MANIFEST_INSTANCE_LIMIT) throw new PartsError('too many parts');
    const { contentType, end } = await readHeaders(body, at + line + 2);
    const next = await after(body, end, delimiter);
    parts.push({ range: { offset: end, length: next - delimiter.length - end }, contentType });
    at = next;
  }
}

/** `at`: where the headers begin; a part may have none. */
async function readHeaders(
  body: ByteSource,
  at: number,
): Promise<{ readonly contentType: string; readonly end: number }> {
  const text = await readText(body, at, HEADER_LIMIT);
  if (text.startsWith('\r\n')) return { contentType: '', end: at + 2 };
  const length = text.indexOf('\r\n\r\n');
  if (length < 0) throw new PartsError('the headers of a part have no end');
  const contentType = /^content-type:[ \t]*([^\r\n]*)/im.exec(text.slice(0, length))?.[1] ?? '';
  // The blank line's own end may be that of the delimiter: an empty part.
  return { contentType: contentType.trim(), end: at + length + 4 };
}

/** The place behind the next delimiter. Throws where there is none. */
async function after(body: ByteSource, from: number, delimiter: Buffer): Promise<number> {
  const overlap = delimiter.length - 1;
  for (let at = Math.max(0, from); at < body.size; at += PIECE_BYTES) {
    const piece = await body.read(at, Math.min(PIECE_BYTES + overlap, body.size - at));
    const found = Buffer.from(piece.buffer, piece.byteOffset, piece.length).indexOf(delimiter);
    if (found >= 0) return at + found + delimiter.length;
  }
  throw new PartsError('the body ends before its last boundary');
}

async function readText(body: ByteSource, offset: number, length: number): Promise<string> {
  const bytes = await body.read(offset, Math.max(0, Math.min(length, body.size - offset)));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
