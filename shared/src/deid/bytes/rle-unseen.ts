/**
 * RLE Lossless (PS3.5 Annex G) keeps every bit of a sample, so what native samples may hide it may hide too.
 * Each byte of a sample is a segment of its own, and the bytes of a segment stand there as they are: unused
 * bits are cleared in place, and what lies behind the last byte of a segment is zero.
 */
import type { ByteRange, ByteSource } from '../../dicom/data-set.ts';
import { readUint32 } from '../../dicom/element-header.ts';
import type { SampleBits } from './sample-bits.ts';

const HEADER_BYTES = 64;
/** A frame is held while it is looked at; the largest real one has 60 MB. */
const FRAME_LIMIT = 256 * 1024 * 1024;

interface RleFrame {
  readonly pixels: number;
  readonly samples: number;
  /** Bytes of a sample. */
  readonly width: number;
  readonly bits: SampleBits | null;
}

/** The cleared fragment of one frame; null: it cannot be followed; 'clear': nothing is to be cleared. */
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
 * Gives the cleared form of each value of one byte of a sample; `byte`: 0 is the lowest. Null where it depends
 * on the other bytes: a sign that lies in a lower one.
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
 * §G.3.1: a control byte below 128 is followed by as many bytes and one more, one above by a byte that is
 * repeated. Returns the end of the coded bytes; null where they are not those of `pixels`.
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
