/**
 * Clears bits of native samples that no image shows: those outside Bits Stored, where old scanners put overlays with a
 * name in them. PS3.5 §8.1.1: "the remaining bits … may be used for overlay planes". A cleared sample has zeros below
 * its value and, above it, zeros or (if signed) copies of the sign bit. Decoders read the same value as before.
 */

/** The bits of one sample that hold its value. */
export interface SampleBits {
  /** Bytes per sample. */
  readonly width: 1 | 2 | 4;
  /** The position of the lowest bit of the value. */
  readonly lowest: number;
  /** The number of bits of the value, fewer than those of the sample. */
  readonly stored: number;
  readonly isSigned: boolean;
  readonly bigEndian: boolean;
}

type Masks = { readonly above: number; readonly below: number };

/**
 * Whether some bit differs from what `clearSamples` would leave. One pass over words of 32 bits, which costs less than
 * reading the bytes. `bytes` must begin with a sample.
 */
export function holdsUnusedBits(bytes: Uint8Array, bits: SampleBits): boolean {
  if (bits.bigEndian && bits.width > 1 && bits.isSigned) return differs(bytes, bits);
  const { above, below } = wordMasks(bits);
  const { words, rest } = asWords(bytes, bits.width);
  if (!bits.isSigned) return (gathered(words) & (above | below)) !== 0 || differs(rest, bits);
  // A bit above the value that differs from the bit below it is no copy of the sign.
  return (
    (gatheredChanges(words) & above) !== 0 ||
    (below !== 0 && (gathered(words) & below) !== 0) ||
    differs(rest, bits)
  );
}

/**
 * Clears the unused bits in place. `bytes` must begin with a sample; an incomplete sample at the end is left as it is.
 */
export function clearSamples(bytes: Uint8Array<ArrayBuffer>, bits: SampleBits): void {
  const { width, lowest, stored, isSigned } = bits;
  const samples = Math.floor(bytes.length / width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = !bits.bigEndian;
  const up = 32 - stored - lowest;
  const down = 32 - stored;
  for (let sample = 0, at = 0; sample < samples; sample += 1, at += width) {
    const word =
      width === 1 ? bytes[at]! : width === 2 ? view.getUint16(at, isLittle) : view.getUint32(at, isLittle);
    const value = (isSigned ? (word << up) >> down : (word << up) >>> down) << lowest;
    if (width === 1) bytes[at] = value;
    else if (width === 2) view.setUint16(at, value, isLittle);
    else view.setUint32(at, value, isLittle);
  }
}

/** The bits above and below the value, in a 32-bit word in memory order. */
function wordMasks({ width, lowest, stored, bigEndian }: SampleBits): Masks {
  const size = width * 8;
  const highest = lowest + stored - 1;
  const sample = (from: number, to: number): number => {
    let mask = 0;
    for (let bit = from; bit <= to; bit += 1) mask |= 1 << (bigEndian ? swapped(bit, width) : bit);
    for (let copied = size; copied < 32; copied *= 2) mask |= mask << copied;
    return mask;
  };
  return { above: sample(highest + 1, size - 1), below: sample(0, lowest - 1) };
}

/** The position of a bit when the bytes of its sample are in reverse order. */
const swapped = (bit: number, width: number): number => bit - (bit & ~7) + (width * 8 - 8 - (bit & ~7));

/** Words of 32 bits, and the remaining bytes at the end. Copied if they are not aligned. */
function asWords(bytes: Uint8Array, width: number): { words: Uint32Array; rest: Uint8Array } {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const length = Math.floor(aligned.length / 4);
  const whole = Math.floor(aligned.length / width) * width;
  return {
    words: new Uint32Array(aligned.buffer, aligned.byteOffset, length),
    rest: aligned.subarray(length * 4, whole),
  };
}

function gathered(words: Uint32Array): number {
  let some = 0;
  let at = 0;
  for (const last = words.length - 7; at < last; at += 8)
    some |=
      words[at]! |
      words[at + 1]! |
      words[at + 2]! |
      words[at + 3]! |
      words[at + 4]! |
      words[at + 5]! |
      words[at + 6]! |
      words[at + 7]!;
  for (; at < words.length; at += 1) some |= words[at]!;
  return some;
}

/** A bit of the result is set if, in some word, it differs from the bit below it. */
function gatheredChanges(words: Uint32Array): number {
  let some = 0;
  let at = 0;
  for (const last = words.length - 3; at < last; at += 4) {
    const a = words[at]!;
    const b = words[at + 1]!;
    const c = words[at + 2]!;
    const d = words[at + 3]!;
    some |= (a ^ (a << 1)) | (b ^ (b << 1)) | (c ^ (c << 1)) | (d ^ (d << 1));
  }
  for (; at < words.length; at += 1) some |= words[at]! ^ (words[at]! << 1);
  return some;
}

function differs(bytes: Uint8Array, bits: SampleBits): boolean {
  const cleared = new Uint8Array(bytes);
  clearSamples(cleared, bits);
  return cleared.some((byte, at) => byte !== bytes[at]);
}
