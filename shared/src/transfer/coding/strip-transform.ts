/**
 * Transforms a strip of pixels into a grey image of as few bits as possible before JPEG-LS coding, and back after it.
 * The arithmetic is modulo 2^8 or 2^16, so it is lossless whatever the bits hold (overlays in high bits, padding
 * values, signs).
 *
 * Samples of 16 bits: the smallest value is subtracted. This makes signed samples continuous around zero and starts the
 * coder with better assumptions, which saves 2 to 10 % of a CT or MR slice. Colours: green is subtracted from red and
 * blue, and the three planes are stacked; this shrinks ultrasound and photographs by another 40 %.
 *
 * Words are read in the machine's byte order: every platform that runs this is little endian.
 */
import type { GreyShape } from './jpeg-ls-decoder.ts';

/** The layout of samples in the strip: one byte each, two bytes each, or three bytes per pixel (red, green, blue). */
export type SampleLayout = 'bytes' | 'words' | 'triples';

interface GreyStrip {
  readonly shape: GreyShape;
  readonly samples: Uint8Array;
  /** The value subtracted from each word; 0 for other layouts. */
  readonly base: number;
}

/** The middle of a byte's range, around which colour differences lie. */
const MIDDLE = 128;
/** With fewer bits, the coder expects one byte per sample. */
const FEWEST_BITS_OF_A_WORD = 9;

export function bytesPerPixel(layout: SampleLayout): number {
  return layout === 'bytes' ? 1 : layout === 'words' ? 2 : 3;
}

/** `strip` holds only complete rows of `width` pixels. It is not changed. */
export function toGrey(strip: Uint8Array, layout: SampleLayout, width: number): GreyStrip {
  const height = strip.length / (width * bytesPerPixel(layout));
  if (layout === 'bytes') return { shape: { width, height, bitsPerSample: 8 }, samples: strip, base: 0 };
  if (layout === 'triples')
    return { shape: { width, height: 3 * height, bitsPerSample: 8 }, samples: toPlanes(strip), base: 0 };
  // A Uint16Array must begin at an even offset, so a strip at an odd one is copied.
  const aligned = strip.byteOffset % 2 === 0 ? strip : strip.slice();
  const words = new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
  const { base, bitsPerSample } = findRange(words);
  const samples = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i += 1) samples[i] = words[i]! - base;
  return { shape: { width, height, bitsPerSample }, samples: new Uint8Array(samples.buffer), base };
}

/** Undoes toGrey. May change `samples`. */
export function fromGrey(
  samples: Uint8Array<ArrayBuffer>,
  layout: SampleLayout,
  base: number,
): Uint8Array<ArrayBuffer> {
  if (layout === 'bytes') return samples;
  if (layout === 'triples') return fromPlanes(samples);
  const words = new Uint16Array(samples.buffer, samples.byteOffset, samples.length / 2);
  for (let i = 0; i < words.length; i += 1) words[i]! += base;
  return samples;
}

/**
 * The smallest value and the number of bits of the range. Values are read as unsigned or as two's complement, whichever
 * gives the smaller range.
 */
function findRange(words: Uint16Array): { base: number; bitsPerSample: number } {
  let least = 0xffff;
  let most = 0;
  let leastSigned = 0x7fff;
  let mostSigned = -0x8000;
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i]!;
    const signed = (word << 16) >> 16;
    if (word < least) least = word;
    if (word > most) most = word;
    if (signed < leastSigned) leastSigned = signed;
    if (signed > mostSigned) mostSigned = signed;
  }
  const isSigned = mostSigned - leastSigned < most - least;
  const range = isSigned ? mostSigned - leastSigned : most - least;
  return {
    base: (isSigned ? leastSigned : least) & 0xffff,
    bitsPerSample: Math.max(FEWEST_BITS_OF_A_WORD, 32 - Math.clz32(range)),
  };
}

function toPlanes(strip: Uint8Array): Uint8Array {
  const count = strip.length / 3;
  const planes = new Uint8Array(strip.length);
  for (let i = 0, at = 0; i < count; i += 1, at += 3) {
    const green = strip[at + 1]!;
    planes[i] = strip[at]! - green + MIDDLE;
    planes[count + i] = green;
    planes[2 * count + i] = strip[at + 2]! - green + MIDDLE;
  }
  return planes;
}

function fromPlanes(planes: Uint8Array): Uint8Array<ArrayBuffer> {
  const count = planes.length / 3;
  const strip = new Uint8Array(planes.length);
  for (let i = 0, at = 0; i < count; i += 1, at += 3) {
    const green = planes[count + i]!;
    strip[at] = planes[i]! + green - MIDDLE;
    strip[at + 1] = green;
    strip[at + 2] = planes[2 * count + i]! + green - MIDDLE;
  }
  return strip;
}
