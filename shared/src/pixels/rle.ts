/** RLE Lossless (PS3.5 Annex G): a frame as planes of bytes, each in its own segment of PackBits. */
import { readUint32 } from '../dicom/element-header.ts';

const HEADER_BYTES = 64;

/**
 * The bytes of the frame as native little endian data, with the samples of a pixel adjacent; null if the segments are
 * not `samples` × `bytesPerSample` planes of `pixels`. Segments hold the bytes of the composite pixel, most
 * significant first (§G.2).
 */
export function decodeRle(
  coded: Uint8Array,
  pixels: number,
  samples: number,
  bytesPerSample: number,
): Uint8Array | null {
  const segments = samples * bytesPerSample;
  if (coded.length < HEADER_BYTES || readUint32(coded, 0, false) !== segments || segments > 15) return null;
  const begins = Array.from({ length: segments }, (_, segment) => readUint32(coded, 4 + segment * 4, false));
  const frame = new Uint8Array(pixels * segments);
  for (const [segment, begin] of begins.entries()) {
    const end = begins[segment + 1] ?? coded.length;
    if (begin < HEADER_BYTES || end <= begin || end > coded.length) return null;
    const sample = Math.floor(segment / bytesPerSample);
    const first = sample * bytesPerSample + (bytesPerSample - 1 - (segment % bytesPerSample));
    if (!unpack(coded.subarray(begin, end), frame, first, segments)) return null;
  }
  return frame;
}

/**
 * The bytes of one segment, one for each pixel; null if the header or the segment is damaged. `segments`: the number
 * of bytes per pixel.
 */
export function decodeRleSegment(
  coded: Uint8Array,
  segment: number,
  { pixels, segments }: { readonly pixels: number; readonly segments: number },
): Uint8Array<ArrayBuffer> | null {
  if (coded.length < HEADER_BYTES || readUint32(coded, 0, false) !== segments || segments > 15) return null;
  const begin = readUint32(coded, 4 + segment * 4, false);
  const end = segment + 1 < segments ? readUint32(coded, 8 + segment * 4, false) : coded.length;
  if (begin < HEADER_BYTES || end <= begin || end > coded.length) return null;
  const bytes = new Uint8Array(pixels);
  return unpack(coded.subarray(begin, end), bytes, 0, 1) ? bytes : null;
}

/**
 * Encodes a frame from these segments, each with one byte per pixel (§G.2). The result has even length. "Each row of
 * the image shall be encoded separately" (§G.3.1).
 */
export function encodeRle(segments: readonly Uint8Array[], columns: number): Uint8Array<ArrayBuffer> {
  const packed = segments.map((segment) => pack(segment, columns));
  const coded = new Uint8Array(packed.reduce((sum, { length }) => sum + length, HEADER_BYTES));
  const header = new DataView(coded.buffer);
  header.setUint32(0, packed.length, true);
  let at = HEADER_BYTES;
  for (const [segment, bytes] of packed.entries()) {
    header.setUint32(4 + segment * 4, at, true);
    coded.set(bytes, at);
    at += bytes.length;
  }
  return coded;
}

/** The shortest run that is coded as one: inside a literal, a run of two bytes saves nothing. */
const SHORTEST_RUN = 3;
const LONGEST = 128;

/** §G.3.1; §G.3: the result has even length. */
function pack(bytes: Uint8Array, columns: number): Uint8Array {
  const most = bytes.length + Math.ceil(columns / LONGEST) * Math.ceil(bytes.length / columns) + 1;
  const packed = new Uint8Array(most);
  let used = 0;
  for (let row = 0; row < bytes.length; row += columns) {
    const end = Math.min(row + columns, bytes.length);
    for (let at = row; at < end; ) {
      const run = runAt(bytes, at, end);
      const literal = run < SHORTEST_RUN ? literalAt(bytes, at, end) : 0;
      packed[used] = literal > 0 ? literal - 1 : 257 - run;
      packed.set(bytes.subarray(at, at + Math.max(1, literal)), used + 1);
      used += 1 + Math.max(1, literal);
      at += literal > 0 ? literal : run;
    }
  }
  return packed.subarray(0, used + (used & 1));
}

/** The number of equal bytes from `at`, at most as many as one code can express. */
function runAt(bytes: Uint8Array, at: number, end: number): number {
  const last = Math.min(end, at + LONGEST);
  let next = at + 1;
  while (next < last && bytes[next] === bytes[at]) next += 1;
  return next - at;
}

/** The number of bytes from `at` before the next run. */
function literalAt(bytes: Uint8Array, at: number, end: number): number {
  const last = Math.min(end, at + LONGEST);
  let next = at;
  while (next < last) {
    const run = runAt(bytes, next, end);
    if (run >= SHORTEST_RUN) break;
    next += run;
  }
  return Math.min(next, last) - at;
}

/** §G.3.2: fills every `step`th byte of the frame. Bytes of the segment beyond that are padding. */
function unpack(segment: Uint8Array, frame: Uint8Array, first: number, step: number): boolean {
  let at = 0;
  let target = first;
  let left = frame.length / step;
  while (left > 0) {
    const control = segment[at++];
    if (control === undefined) return false;
    if (control === 128) continue;
    const isRun = control > 128;
    const count = Math.min(left, isRun ? 257 - control : control + 1);
    if (at + (isRun ? 1 : count) > segment.length) return false;
    for (let i = 0; i < count; i += 1, target += step) frame[target] = segment[isRun ? at : at + i]!;
    at += isRun ? 1 : control + 1;
    left -= count;
  }
  return true;
}
