/**
 * Transforms a strip of pixels before JPEG-LS into a grey image of as few bits as possible, and back after
 * it. All of it is arithmetic modulo 2^8 or 2^16, so it is lossless whatever the bits hold (overlays in high
 * bits, padding values, signs).
 *
 * Samples of 16 bits: the smallest value is subtracted. It makes signed samples continuous around zero, and
 * the coder begins with better assumptions: 2 to 10 % of a CT or MR slice. Colours: green is subtracted from
 * red and blue, and the three planes stand one above the other; ultrasound and photographs lose 40 % more
 * than without.
 *
 * Words are read in the machine's order: every platform that runs this is little endian.
 */
import type { GreyShape } from './jpeg-ls-decoder.ts';

/** How samples lie in the strip: one byte each, two each, or three bytes a pixel (red, green, blue). */
export type SampleLayout = 'bytes' | 'words' | 'triples';

interface GreyStrip {
  readonly shape: GreyShape;
  readonly samples: Uint8Array;
  /** Subtracted from each word; 0 for other layouts. */
  readonly base: number;
}

/** Middle of the range of a byte: differences of colours lie around it. */
const MIDDLE = 128;
/** Below, the coder takes one byte a sample. */
const FEWEST_BITS_OF_A_WORD = 9;

export function bytesPerPixel(layout: SampleLayout): number {
  return layout === 'bytes' ? 1 : layout === 'words' ? 2 : 3;
}

/** `strip` holds rows of `width` pixels, and nothing else. It is not changed. */
export function toGrey(strip: Uint8Array, layout: SampleLayout, width: number): GreyStrip {
  const height = strip.length / (width * bytesPerPixel(layout));
  if (layout === 'bytes') return { shape: { width, height, bitsPerSample: 8 }, samples: strip, base: 0 };
  if (layout === 'triples')
    return { shape: { width, height: 3 * height, bitsPerSample: 8 }, samples: toPlanes(strip), base: 0 };
  // Words begin at even addresses; where the strip does not, it is copied to one.
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
 * The smallest value and the bits of the range, in whichever reading makes the range smaller: unsigned, or
 * two's complement.
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
