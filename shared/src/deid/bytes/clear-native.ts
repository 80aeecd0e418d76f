/**
 * Clears what no image shows in a range of native samples: bits outside the value of a sample, bytes behind the last
 * sample, and the padding bits and byte at the end (PS3.5 §8.1.1).
 */
import type { ByteRange, ByteSource } from '../../dicom/data-set.ts';
import { PIECE_BYTES, type Segment } from '../segments.ts';
import { clearSamples, holdsUnusedBits, type SampleBits } from './sample-bits.ts';

/** The samples of an image, stored one after another. */
interface NativeSamples {
  /** Null: each sample uses all of its bits. */
  readonly bits: SampleBits | null;
  /** Bits of all samples together. */
  readonly length: number;
  /** PS3.5 §8.1.1: under big endian, samples of up to 8 bits are stored in words with their bytes swapped. */
  readonly isSwapped: boolean;
}

/**
 * The pieces of the cleared value, with an even length just large enough for the samples. Null if there is nothing to
 * clear. Reads once, piece by piece. Throws the signal's reason.
 */
export async function clearNative(
  { offset, length }: ByteRange,
  samples: NativeSamples,
  source: ByteSource,
  signal?: AbortSignal,
): Promise<Segment[] | null> {
  const needed = Math.min(length, Math.ceil(samples.length / 8));
  const padded = Math.min(length, needed + (needed & 1));
  // Only samples of less than 16 bits can end inside a word.
  const isFilledUp = needed % 2 === 1 || samples.length % 16 !== 0;
  const wholeWords = isFilledUp ? Math.max(0, needed - 1) & ~1 : needed;
  const pieces: Segment[] = [];
  let isChanged = length > padded;
  for (let at = 0; at < wholeWords; at += PIECE_BYTES) {
    signal?.throwIfAborted();
    const range = { offset: offset + at, length: Math.min(PIECE_BYTES, wholeWords - at) };
    const { bits } = samples;
    const isUnused = bits !== null && holdsUnusedBits(await source.read(range.offset, range.length), bits);
    isChanged ||= isUnused;
    if (isUnused) pieces.push(cleared(range, bits));
    else addRange(pieces, range);
    // Without unused bits, the rest need not be read.
    if (bits === null) {
      addRange(pieces, { offset: range.offset + range.length, length: wholeWords - at - range.length });
      break;
    }
  }
  if (wholeWords < padded) {
    const end = new Uint8Array(await source.read(offset + wholeWords, padded - wholeWords));
    const clear = clearedEnd(end, samples, wholeWords);
    isChanged ||= clear.some((byte, at) => byte !== end[at]);
    pieces.push(clear);
  }
  return isChanged ? pieces : null;
}

function cleared(range: ByteRange, bits: SampleBits): Segment {
  return {
    length: range.length,
    async make(source) {
      const bytes = new Uint8Array(await source.read(range.offset, range.length));
      clearSamples(bytes, bits);
      return bytes;
    },
  };
}

/** Adds a range, merging it with the last one if they are adjacent. */
function addRange(pieces: Segment[], range: ByteRange): void {
  const last = pieces.at(-1);
  if (last !== undefined && 'offset' in last && last.offset + last.length === range.offset)
    pieces[pieces.length - 1] = { offset: last.offset, length: last.length + range.length };
  else if (range.length > 0) pieces.push(range);
}

/** Clears the last word or byte, which begins `before` bytes after the first sample. */
function clearedEnd(
  end: Uint8Array<ArrayBuffer>,
  { bits, length, isSwapped }: NativeSamples,
  before: number,
): Uint8Array<ArrayBuffer> {
  const isTurned = isSwapped && end.length === 2;
  const bytes = isTurned ? end.toReversed() : end.slice();
  if (bits !== null) clearSamples(bytes, bits);
  for (let at = 0; at < bytes.length; at += 1) {
    const used = Math.min(8, Math.max(0, length - (before + at) * 8));
    bytes[at]! &= (1 << used) - 1;
  }
  return isTurned ? bytes.reverse() : bytes;
}
