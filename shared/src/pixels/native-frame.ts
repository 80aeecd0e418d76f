/**
 * Reads stored values from native bytes (PS3.5 §8.1): any byte order and 1 to 64 bits allocated. It clears unused
 * bits, interleaves colour planes, and converts YBR to RGB.
 */
import { type ColourValues, ybrToRgb } from './colour.ts';
import type { FrameShape } from './frame-shape.ts';
import type { Frame, FrameValues } from './picture.ts';

/** The layout of the bytes of a frame. */
interface ByteLayout {
  readonly bigEndian: boolean;
  /** The position of the first pixel of 1-bit data in the first byte. */
  readonly firstBit: number;
}

/** Bits of one frame in native pixel data. YBR_FULL_422: two Y, one CB and one CR per two pixels. */
export function frameBits({
  rows,
  columns,
  samples,
  bitsAllocated,
  photometricInterpretation,
}: FrameShape): number {
  return rows * columns * (isChromaShared(photometricInterpretation) ? 2 : samples) * bitsAllocated;
}

/**
 * Null for a photometric interpretation that is not supported in native form. `bytes` contain exactly the frame, and
 * are not changed.
 */
export function nativeFrame(
  bytes: Uint8Array,
  shape: FrameShape,
  layout: ByteLayout,
  index: number,
): Frame | null {
  const { rows, columns, samples, photometricInterpretation, bitsStored, isPlanar } = shape;
  const values = storedValues(bytes, shape, layout);
  if (samples === 1) return { rows, columns, samples, values, photometricInterpretation, index };
  const isShared = isChromaShared(photometricInterpretation);
  const known =
    isShared || photometricInterpretation === 'RGB' || photometricInterpretation.startsWith('YBR_FULL');
  if (
    !known ||
    shape.isSigned ||
    shape.isFloat ||
    (photometricInterpretation !== 'RGB' && shape.bitsAllocated > 16)
  )
    return null;
  const laid = isShared ? chromaRepeated(values, rows * columns) : isPlanar ? interleaved(values) : values;
  if (photometricInterpretation !== 'RGB') ybrToRgb(laid as ColourValues, 2 ** bitsStored - 1);
  return { rows, columns, samples, values: laid, photometricInterpretation: 'RGB', index };
}

function isChromaShared(photometricInterpretation: string): boolean {
  return photometricInterpretation === 'YBR_FULL_422';
}

function storedValues(bytes: Uint8Array, shape: FrameShape, layout: ByteLayout): FrameValues {
  const count = Math.floor(frameBits(shape) / shape.bitsAllocated);
  if (shape.bitsAllocated === 1) return bitsAsValues(bytes, count, layout.firstBit);
  // Makes a copy with its own memory, because `slice` of a Buffer would return a view of larger memory.
  const lying =
    layout.bigEndian && shape.bitsAllocated > 8
      ? reversedUnits(bytes, shape.bitsAllocated / 8)
      : new Uint8Array(bytes);
  const { buffer } = lying;
  if (shape.isFloat)
    return shape.bitsAllocated === 64
      ? new Float64Array(buffer, 0, count)
      : new Float32Array(buffer, 0, count);
  const values = integersOf(buffer, shape, count);
  clearUnusedBits(values, shape);
  return values;
}

function integersOf(
  buffer: ArrayBuffer,
  { bitsAllocated, isSigned }: FrameShape,
  count: number,
): IntegerValues {
  if (bitsAllocated === 8)
    return isSigned ? new Int8Array(buffer, 0, count) : new Uint8Array(buffer, 0, count);
  if (bitsAllocated === 16)
    return isSigned ? new Int16Array(buffer, 0, count) : new Uint16Array(buffer, 0, count);
  return isSigned ? new Int32Array(buffer, 0, count) : new Uint32Array(buffer, 0, count);
}

export type IntegerValues = Exclude<FrameValues, Float32Array | Float64Array>;
/** The bits that a sample uses. */
type UsedBits = { readonly bitsAllocated: number } & Pick<FrameShape, 'bitsStored' | 'highBit' | 'isSigned'>;

/**
 * PS3.5 §8.1.1: a value ends at High Bit and has Bits Stored bits; the other bits may hold anything. They are cleared,
 * or filled with the sign.
 */
export function clearUnusedBits(
  values: IntegerValues,
  { bitsAllocated, bitsStored, highBit, isSigned }: UsedBits,
): void {
  if (bitsStored >= bitsAllocated) return;
  const above = 31 - highBit;
  const unused = 32 - bitsStored;
  if (isSigned) for (let at = 0; at < values.length; at += 1) values[at] = (values[at]! << above) >> unused;
  else for (let at = 0; at < values.length; at += 1) values[at] = (values[at]! << above) >>> unused;
}

/** PS3.5 §8.1.1, §D: the first pixel is the lowest bit of each byte, and frames follow each other without padding. */
function bitsAsValues(bytes: Uint8Array, count: number, firstBit: number): Uint8Array {
  const values = new Uint8Array(count);
  for (let at = 0; at < count; at += 1) {
    const bit = at + firstBit;
    values[at] = (bytes[bit >> 3]! >> (bit & 7)) & 1;
  }
  return values;
}

/** Reverses the order of every `unit` bytes to change the byte order. Missing bytes at the end become zero. */
export function reversedUnits(bytes: Uint8Array, unit: number): Uint8Array<ArrayBuffer> {
  const reversed = new Uint8Array(Math.ceil(bytes.length / unit) * unit);
  for (let at = 0; at < reversed.length; at += 1) {
    const within = at % unit;
    reversed[at] = bytes[at - within + (unit - 1 - within)] ?? 0;
  }
  return reversed;
}

function interleaved<T extends FrameValues>(planes: T): T {
  const beside = planes.slice() as T;
  const plane = planes.length / 3;
  for (let sample = 0; sample < 3; sample += 1) {
    for (let pixel = 0; pixel < plane; pixel += 1)
      beside[pixel * 3 + sample] = planes[sample * plane + pixel]!;
  }
  return beside;
}

/** "Y1 Y2 CB CR": both pixels of a pair have the same CB and CR. */
function chromaRepeated(values: FrameValues, pixels: number): FrameValues {
  const full = values instanceof Uint8Array ? new Uint8Array(pixels * 3) : new Uint16Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const pair = (pixel >> 1) * 4;
    full[pixel * 3] = values[pair + (pixel & 1)]!;
    full[pixel * 3 + 1] = values[pair + 2]!;
    full[pixel * 3 + 2] = values[pair + 3]!;
  }
  return full;
}
