/** RLE Lossless (PS3.5 Annex G): a frame as planes of bytes, each in its own segment of PackBits. */
import { readUint32 } from '../dicom/element-header.ts';

const HEADER_BYTES = 64;

/**
 * The bytes of the frame in the order of native little endian data, samples of a pixel next to each other; null
 * if the segments are not those of `samples` × `bytesPerSample` planes of `pixels`. Segments hold the bytes of
 * the composite pixel, most significant first (§G.2).
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
