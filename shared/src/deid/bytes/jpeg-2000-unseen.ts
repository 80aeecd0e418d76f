/**
 * Finds what a JPEG 2000 or HTJ2K codestream (ISO/IEC 15444-1 Annex A) holds beside the image: comments in the headers
 * of image and tiles, bytes behind its end, and, if the codestream is still inside the boxes of a JP2 file (Annex I),
 * the boxes that no decoder needs. Nothing is decoded.
 */
import type { ByteRange } from '../../dicom/data-set.ts';
import { readUint16, readUint32 } from '../../dicom/element-header.ts';
import { asciiText } from '../../dicom/values.ts';
import { type Codestream, type FoundInCodestream, SEGMENTS_LIMIT } from './codestream.ts';

const SOC = 0xff4f;
const SIZ = 0xff51;
const COM = 0xff64;
const SOT = 0xff90;
const SOD = 0xff93;
const EOC = 0xffd9;
/** Markers of headers, Table A.2, 15444-2 (multi-component) and 15444-15 (CAP, CPF). */
const HEADER_MARKERS = new Set([
  0xff50, 0xff51, 0xff52, 0xff53, 0xff55, 0xff56, 0xff57, 0xff58, 0xff59, 0xff5c, 0xff5d, 0xff5e, 0xff5f,
  0xff60, 0xff61, 0xff63, 0xff72, 0xff74, 0xff75, 0xff76, 0xff77, 0xff78, 0xff79,
]);
/** Signature, file type, header and its parts, codestream. */
const BOXES = new Set([
  'jP  ',
  'ftyp',
  'jp2h',
  'ihdr',
  'bpcc',
  'colr',
  'pclr',
  'cmap',
  'cdef',
  'res ',
  'resc',
  'resd',
  'jp2c',
]);
const SUPERBOXES = new Set(['jp2h', 'res ']);

/** State that is filled while the codestream is walked. */
interface Walk {
  readonly codestream: Codestream;
  readonly unseen: ByteRange[];
  segments: number;
  precision: number;
}

/** Null if the codestream cannot be followed to its end. */
export async function findUnseenInJpeg2000(
  codestream: Codestream,
  signal?: AbortSignal,
): Promise<FoundInCodestream | null> {
  const walk: Walk = { codestream, unseen: [], segments: 0, precision: 0 };
  const [first] = await codestream.peek(0, 1);
  const whole = { offset: 0, length: codestream.length };
  const isSound =
    first === 0xff ? await walkImage(walk, whole, signal) : await walkBoxes(walk, whole, signal);
  return isSound && walk.precision > 0 ? { unseen: walk.unseen, precision: walk.precision } : null;
}

/** §I.4: a box has a length and a type, then its content. Boxes that an image does not need will be blanked. */
async function walkBoxes(walk: Walk, within: ByteRange, signal?: AbortSignal): Promise<boolean> {
  const end = within.offset + within.length;
  for (let at = within.offset; at < end; ) {
    walk.segments += 1;
    const header = await walk.codestream.peek(at, 16);
    if (header.length < 8 || at + 8 > end) {
      walk.unseen.push({ offset: at, length: end - at });
      return true;
    }
    const said = readUint32(header, 0, true);
    const isLong = said === 1 && header.length === 16 && readUint32(header, 8, true) === 0;
    const length = said === 0 ? end - at : isLong ? readUint32(header, 12, true) : said;
    const content = { offset: at + (isLong ? 16 : 8), length: length - (isLong ? 16 : 8) };
    if (content.length < 0 || at + length > end) return false;
    if (walk.segments > SEGMENTS_LIMIT) return false;
    const type = asciiText(header.subarray(4, 8));
    if (type === 'jp2c') {
      if (!(await walkImage(walk, content, signal))) return false;
    } else if (SUPERBOXES.has(type)) {
      if (!(await walkBoxes(walk, content, signal))) return false;
    } else if (!BOXES.has(type)) walk.unseen.push(content);
    else if (type === 'colr' && !(await isNumbered(walk, content))) return false;
    at += length;
  }
  return true;
}

/**
 * §I.5.3.3: method 1 specifies the colours by a 32-bit number; the other methods hold a profile, which contains text.
 */
async function isNumbered({ codestream }: Walk, { offset, length }: ByteRange): Promise<boolean> {
  const [method] = await codestream.peek(offset, 1);
  return method === 1 && length === 7;
}

async function walkImage(walk: Walk, { offset, length }: ByteRange, signal?: AbortSignal): Promise<boolean> {
  const { codestream } = walk;
  const end = offset + length;
  const soc = await codestream.peek(offset, 2);
  if (soc.length < 2 || readUint16(soc, 0, true) !== SOC) return false;
  let at = await walkHeader(walk, offset + 2, end, SOT);
  while (at !== null) {
    signal?.throwIfAborted();
    const marker: number = await markerAt(codestream, at);
    if (marker === EOC) {
      walk.unseen.push({ offset: at + 2, length: end - at - 2 });
      return true;
    }
    at = marker === SOT ? await endOfTilePart(walk, at, end) : null;
  }
  return false;
}

async function markerAt(codestream: Codestream, at: number): Promise<number> {
  const bytes = await codestream.peek(at, 2);
  return bytes.length < 2 ? 0 : readUint16(bytes, 0, true);
}

/** Null if the tile-part at `from` cannot be followed. */
async function endOfTilePart(walk: Walk, from: number, end: number): Promise<number | null> {
  const header = await walk.codestream.peek(from, 10);
  if (header.length < 10 || readUint16(header, 2, true) !== 10) return null;
  const data = await walkHeader(walk, from + 12, end, SOD);
  if (data === null) return null;
  // §A.4.2: Psot counts from the marker. 0 in the last tile-part means up to EOC.
  const length = readUint32(header, 6, true);
  if (length === 0) return endOfCodedBytes(walk.codestream, data + 2, end);
  return from + length >= data + 2 && from + length <= end ? from + length : null;
}

/** Walks the marker segments up to the marker `last` and returns its position; null if anything else occurs. */
async function walkHeader(walk: Walk, from: number, end: number, last: number): Promise<number | null> {
  for (let at = from; at + 4 <= end; ) {
    walk.segments += 1;
    const header = await walk.codestream.peek(at, 4);
    const marker = readUint16(header, 0, true);
    if (marker === last) return at;
    const length = readUint16(header, 2, true);
    const isKnown = marker === COM || HEADER_MARKERS.has(marker);
    if (!isKnown || length < 2 || at + 2 + length > end || walk.segments > SEGMENTS_LIMIT) return null;
    if (marker === COM) walk.unseen.push({ offset: at + 4, length: length - 2 });
    if (marker === SIZ) walk.precision = await largestDepth(walk.codestream, at, length);
    at += 2 + length;
  }
  return null;
}

/** §A.5.1: Ssiz of each component holds a sign bit and the depth minus one. */
async function largestDepth(codestream: Codestream, at: number, length: number): Promise<number> {
  const components = await codestream.peek(at + 40, Math.max(0, length - 38));
  let depth = 0;
  for (let i = 0; i < components.length; i += 3) depth = Math.max(depth, (components[i]! & 0x7f) + 1);
  return depth;
}

/** §A.1.4: coded bytes hold no marker above FF8F, so the first EOC is the end. Null if there is none. */
async function endOfCodedBytes(codestream: Codestream, from: number, end: number): Promise<number | null> {
  let isAfterOnes = false;
  for (let at = from; at < end; ) {
    const bytes = await codestream.run(at);
    for (let i = 0; i < bytes.length && at + i < end; i += 1) {
      if (isAfterOnes && bytes[i] === 0xd9) return at + i - 1;
      isAfterOnes = bytes[i] === 0xff;
    }
    at += bytes.length;
  }
  return null;
}
