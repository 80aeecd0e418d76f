/**
 * Clears RLE Lossless frames (PS3.5 Annex G). RLE keeps every bit of a sample, so it may hide whatever native samples
 * may hide. Each byte of a sample has a segment of its own, in which byte values occur unchanged. Unused bits are
 * therefore cleared in place, and bytes behind the last coded byte of a segment become zero.
 */
import type { ByteRange, ByteSource } from '../../dicom/data-set.ts';
import { readUint32 } from '../../dicom/element-header.ts';
import type { SampleBits } from './sample-bits.ts';

const HEADER_BYTES = 64;
/** A frame is held in memory while it is cleared; the largest real one has 60 MB. */
const FRAME_LIMIT = 256 * 1024 * 1024;

interface RleFrame {
  readonly pixels: number;
  readonly samples: number;
  /** Bytes per sample. */
  readonly width: number;
  readonly bits: SampleBits | null;
}

/** The cleared fragment of one frame. Null: the frame cannot be followed. 'clear': there is nothing to clear. */
export async function clearRle(
  range: ByteRange,
  frame: RleFrame,
  source: ByteSource,
): Promise<Uint8Array<ArrayBuffer> | 'clear' | null> {
  const segments = frame.samples * frame.width;
  if (range.length < HEADER_BYTES || range.length > FRAME_LIMIT || segments > 15) return null;
  const coded = await source.read(range.offset, range.length);
  if (coded.length < range.length || readUint32(coded, 0, false) !== segments) return null;
  const cleared = new Uint8Array(coded);
  cleared.fill(0, 4 + 4 * segments, HEADER_BYTES);
  let before = HEADER_BYTES;
  for (let segment = 0; segment < segments; segment += 1) {
    const begin = readUint32(coded, 4 + 4 * segment, false);
    const end = segment + 1 < segments ? readUint32(coded, 8 + 4 * segment, false) : coded.length;
    if (begin < before || end <= begin || end > coded.length) return null;
    // Bytes that belong to no segment.
    cleared.fill(0, before, begin);
    const table = tableFor(frame, frame.width - 1 - (segment % frame.width));
    const last = table && clearSegment(cleared, { begin, end, pixels: frame.pixels }, table);
    if (last === null) return null;
    cleared.fill(0, last, end);
    before = end;
  }
  return cleared.every((byte, at) => byte === coded[at]) ? 'clear' : cleared;
}

/**
 * Maps each value of one byte of a sample to its cleared form. `byte` 0 is the lowest. Null if the cleared form
 * depends on the other bytes, because the sign lies in a lower one.
 */
function tableFor({ width, bits }: RleFrame, byte: number): Uint8Array | null {
  const same = Uint8Array.from({ length: 256 }, (_, value) => value);
  if (bits === null) return same;
  const highest = bits.lowest + bits.stored - 1;
  const high = highest - 8 * byte;
  const low = bits.lowest - 8 * byte;
  if (bits.isSigned && high < 0 && width > 1) return null;
  return same.map((value) => {
    const kept = Array.from({ length: 8 }, (_, bit) => bit)
      .filter((bit) => bit >= low && bit <= high)
      .reduce((sum, bit) => sum | (value & (1 << bit)), 0);
    const isNegative = bits.isSigned && high < 8 && ((value >> high) & 1) === 1;
    return isNegative ? kept | (0xff << high) : kept;
  });
}

/**
 * §G.3.1: a control byte n below 128 is followed by n + 1 literal bytes, a control byte above 128 by one byte that is
 * repeated. Returns the end of the coded bytes; null if they are not those of `pixels`.
 */
function clearSegment(
  bytes: Uint8Array,
  { begin, end, pixels }: { readonly begin: number; readonly end: number; readonly pixels: number },
  table: Uint8Array,
): number | null {
  let at = begin;
  let left = pixels;
  while (left > 0) {
    if (at >= end) return null;
    const control = bytes[at]!;
    at += 1;
    if (control === 128) continue;
    const isRun = control > 128;
    left -= isRun ? 257 - control : control + 1;
    const last = at + (isRun ? 1 : control + 1);
    if (last > end) return null;
    for (; at < last; at += 1) bytes[at] = table[bytes[at]!]!;
  }
  return left === 0 ? at : null;
}
