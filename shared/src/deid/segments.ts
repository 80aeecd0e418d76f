/**
 * The pieces of a rewritten instance, and how they are read: bytes in memory, ranges of the source for long values,
 * and pieces that are made from the source on reading. A long value is never held whole.
 */
import type { ByteRange, ByteSource } from '../dicom/data-set.ts';

/**
 * Bytes that are made on reading. They must be the same each time, and few (at most `PIECE_BYTES`, or one frame of
 * RLE).
 */
interface MadeBytes {
  readonly length: number;
  readonly make: (source: ByteSource) => Promise<Uint8Array>;
}

/** A piece of an instance. A range refers to the source of the instance. */
export type Segment = Uint8Array | ByteRange | MadeBytes;

/** Large enough that the overhead of a read is small, and small enough that several readers can each hold one. */
export const PIECE_BYTES = 1024 * 1024;

function isMade(segment: Segment): segment is MadeBytes {
  return 'make' in segment;
}

const ZEROS = new Uint8Array(PIECE_BYTES);

/** Zero bytes, in pieces that share one buffer. */
export function zeros(length: number): Segment[] {
  const pieces: Segment[] = [];
  for (let left = length; left > 0; left -= PIECE_BYTES) pieces.push(ZEROS.subarray(0, left));
  return pieces;
}

/** The bytes of all segments in order, in pieces of at most `PIECE_BYTES`. A made piece is returned whole. */
export async function* readSegments(
  segments: readonly Segment[],
  source: ByteSource,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const segment of segments) {
    if (segment instanceof Uint8Array) yield new Uint8Array(segment);
    else if (isMade(segment)) yield new Uint8Array(await segment.make(source));
    else
      for (let at = 0; at < segment.length; at += PIECE_BYTES)
        yield new Uint8Array(
          await source.read(segment.offset + at, Math.min(PIECE_BYTES, segment.length - at)),
        );
  }
}

/** The segments as a source. A made piece is made again for every read that needs it. */
export function segmentsSource(segments: readonly Segment[], source: ByteSource): ByteSource {
  const ends: number[] = [];
  for (const { length } of segments) ends.push((ends.at(-1) ?? 0) + length);
  const size = ends.at(-1) ?? 0;
  return {
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      let which = firstBeyond(ends, offset);
      for (let filled = 0; filled < bytes.length; which += 1) {
        const segment = segments[which]!;
        const from = offset + filled - (ends[which]! - segment.length);
        const part = await readWithin(segment, source, from, bytes.length - filled);
        bytes.set(part, filled);
        filled += part.length;
      }
      return bytes;
    },
  };
}

/** The index of the first end beyond `offset`. `ends` must ascend. */
function firstBeyond(ends: readonly number[], offset: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle]! > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

async function readWithin(
  segment: Segment,
  source: ByteSource,
  from: number,
  most: number,
): Promise<Uint8Array> {
  const length = Math.min(most, segment.length - from);
  if (segment instanceof Uint8Array) return segment.subarray(from, from + length);
  if (isMade(segment)) return (await segment.make(source)).subarray(from, from + length);
  const bytes = await source.read(segment.offset + from, length);
  if (bytes.length < length) throw new RangeError('the source ends inside a segment');
  return bytes;
}
