/**
 * The parts of a `multipart/related` body of STOW-RS (PS3.18 §10.5) as it lies there, found by their delimiters
 * (RFC 2046 §5.1.1): clients need not say how long a part is. Reads in pieces; memory does not grow with a part.
 */
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';

/** As many as entries of an archive. A body that has more is not opened. */
export const PARTS_LIMIT = 20_000;
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
  const bytes = inPieces(body);
  // The first one may stand at the very start, without the line end that belongs to all others.
  const opening = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const start = await bytes(0, opening.length);
  const isFirst = start.subarray(0, opening.length).equals(opening);
  let at = isFirst ? opening.length : await after(bytes, 0, delimiter);
  for (;;) {
    const head = (await bytes(at, PADDING_LIMIT)).subarray(0, PADDING_LIMIT).toString('latin1');
    if (head.startsWith('--')) return parts;
    const line = head.indexOf('\r\n');
    if (line < 0 || head.slice(0, line).trim() !== '') throw new PartsError('no line end after a boundary');
    if (parts.length === PARTS_LIMIT) throw new PartsError('too many parts');
    const { contentType, end } = await readHeaders(bytes, at + line + 2);
    const next = await after(bytes, end, delimiter);
    parts.push({ range: { offset: end, length: next - delimiter.length - end }, contentType });
    at = next;
  }
}

/** At least as many bytes from there on, fewer only at the end of the body; all that were read already. */
type BytesFrom = (offset: number, atLeast: number) => Promise<Buffer>;

/** Keeps the last piece: however small the parts are, each byte is read once, and a few twice. */
function inPieces(body: ByteSource): BytesFrom {
  let piece: Buffer = Buffer.alloc(0);
  let start = 0;
  return async (offset, atLeast) => {
    const end = Math.min(body.size, offset + atLeast);
    if (offset < start || end > start + piece.length) {
      const length = Math.max(0, Math.min(Math.max(PIECE_BYTES, atLeast), body.size - offset));
      const read = await body.read(offset, length);
      piece = Buffer.from(read.buffer, read.byteOffset, read.length);
      start = offset;
    }
    return piece.subarray(offset - start);
  };
}

/** `at`: where the headers begin; a part may have none. */
async function readHeaders(
  bytes: BytesFrom,
  at: number,
): Promise<{ readonly contentType: string; readonly end: number }> {
  const there = (await bytes(at, HEADER_LIMIT)).subarray(0, HEADER_LIMIT);
  if (there.indexOf('\r\n') === 0) return { contentType: '', end: at + 2 };
  const length = there.indexOf('\r\n\r\n');
  if (length < 0) throw new PartsError('the headers of a part have no end');
  const text = there.subarray(0, length).toString('latin1');
  const contentType = /^content-type:[ \t]*([^\r\n]*)/im.exec(text)?.[1] ?? '';
  // The blank line's own end may be that of the delimiter: an empty part.
  return { contentType: contentType.trim(), end: at + length + 4 };
}

/** The place behind the next delimiter. Throws where there is none. */
async function after(bytes: BytesFrom, from: number, delimiter: Buffer): Promise<number> {
  for (let at = from; ; ) {
    const there = await bytes(at, delimiter.length);
    const found = there.indexOf(delimiter);
    if (found >= 0) return at + found + delimiter.length;
    if (there.length < delimiter.length) throw new PartsError('the body ends before its last boundary');
    // Its beginning may be the end of this piece.
    at += there.length - delimiter.length + 1;
  }
}
