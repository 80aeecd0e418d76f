/**
 * Converts stored values to grey from 0 to 1, as a person would see the image: applies modality LUT, VOI LUT and
 * palettes, inverts MONOCHROME1, and converts colour to luma. Overlays, presentation states, ICC profiles and the GSDF
 * of a display are not applied.
 */
import type { ByteSource, ParsedInstance } from '../dicom/data-set.ts';
import { BITS_STORED, PIXEL_REPRESENTATION } from '../dicom/tags.ts';
import { findElement, numberOf } from '../dicom/values.ts';
import { giveBack } from '../give-back.ts';
import { decodeFrame, type Decoding } from './decode-frame.ts';
import { type Modality, readModality, readValuesOfInterest } from './grey-transform.ts';
import { entryOf, readPalette } from './lookup-table.ts';
import type { Frame, FrameValues, GreyPicture, PictureRefusal } from './picture.ts';

export type PictureOutcome =
  | { readonly kind: 'picture'; readonly picture: GreyPicture }
  | { readonly kind: 'refused'; readonly because: PictureRefusal };

/** The weights of ITU-R BT.601, which PS3.3 §C.7.6.3.1.2 uses for Y. */
export const LUMA = [0.299, 0.587, 0.114] as const;

/** Decodes frame `index` and converts it to grey. */
export async function readInstancePicture(
  instance: ParsedInstance,
  source: ByteSource,
  index: number,
  decoding: Decoding,
): Promise<PictureOutcome> {
  const decoded = await decodeFrame(instance, source, index, decoding);
  if (decoded.kind === 'refused') return decoded;
  const picture = await greyPicture(instance, source, decoded.frame);
  giveBack(decoded.frame.values);
  return picture ? { kind: 'picture', picture } : { kind: 'refused', because: 'image-damaged' };
}

/**
 * Null if a palette is missing. Without a window, the range of this frame's values is mapped to the whole range of
 * grey.
 */
export async function greyPicture(
  instance: ParsedInstance,
  source: ByteSource,
  frame: Frame,
): Promise<GreyPicture | null> {
  const { rows, columns, values, photometricInterpretation } = frame;
  if (frame.samples === 3) return { rows, columns, grey: luma(values, mostOf(instance, values)) };
  if (photometricInterpretation !== 'PALETTE COLOR')
    return { rows, columns, grey: mapped(values, await greyOfStored(instance, source, frame)) };
  const palette = await paletteOf(instance, source);
  if (!palette) return null;
  const [red, green, blue] = palette;
  const [r, g, b] = LUMA;
  return {
    rows,
    columns,
    grey: mapped(
      values,
      (stored) => r * entryOf(red, stored) + g * entryOf(green, stored) + b * entryOf(blue, stored),
    ),
  };
}

/** The instance's palettes for red, green and blue; null if one is missing. */
export async function paletteOf(
  instance: ParsedInstance,
  source: ByteSource,
): ReturnType<typeof readPalette> {
  const isSigned = numberOf(findElement(instance.elements, PIXEL_REPRESENTATION), instance) === 1;
  return await readPalette(instance.elements, instance, source, isSigned);
}

/**
 * The grey of a stored value, 0 to 1, in MONOCHROME1 and MONOCHROME2. `isWholeRange`: ignores the window in the
 * header.
 */
export async function greyOfStored(
  instance: ParsedInstance,
  source: ByteSource,
  { values, photometricInterpretation, index }: Frame,
  isWholeRange = false,
): Promise<(stored: number) => number> {
  const modality = await readModality(instance, source, index);
  const asked = isWholeRange ? null : await readValuesOfInterest(instance, source, index);
  const ofInterest = asked ?? fullRange(values, modality);
  return photometricInterpretation === 'MONOCHROME1'
    ? (stored) => 1 - ofInterest(modality.of(stored))
    : (stored) => ofInterest(modality.of(stored));
}

/**
 * Grey depends on the stored value alone, so it is computed once for each value of 8 or 16 bits if there are
 * more pixels than values.
 */
function mapped(values: FrameValues, greyOf: (stored: number) => number): Float32Array {
  const grey = new Float32Array(values.length);
  const bits = values.BYTES_PER_ELEMENT * 8;
  if (bits > 16 || values.length < 2 ** bits) {
    for (let at = 0; at < values.length; at += 1) {
      const value = greyOf(values[at]!);
      // NaN and infinity in float pixels become black, whatever the window or table.
      grey[at] = Number.isFinite(value) ? value : 0;
    }
    return grey;
  }
  const [low, high] = rangeOf(values);
  const table = new Float32Array(high - low + 1);
  for (let i = 0; i < table.length; i += 1) table[i] = greyOf(low + i);
  for (let at = 0; at < values.length; at += 1) grey[at] = table[values[at]! - low]!;
  return grey;
}

/**
 * Maps the whole range of values to grey. A frame with only one value is black, and so are NaN and infinity in float
 * pixels.
 */
function fullRange(values: FrameValues, { of, isLinear }: Modality): (value: number) => number {
  const [first, last] = isLinear ? rangeOf(values).map(of) : rangeOf(presentValues(values).map(of));
  const low = Math.min(first!, last!);
  const extent = Math.abs(last! - first!);
  return (value) => (extent > 0 && Number.isFinite(value) ? (value - low) / extent : 0);
}

/** The distinct values, for values of 8 or 16 bits. */
function presentValues(values: FrameValues): Float64Array {
  if (values.BYTES_PER_ELEMENT > 2) return Float64Array.from(values);
  const [low, high] = rangeOf(values);
  const isPresent = new Uint8Array(high - low + 1);
  for (let at = 0; at < values.length; at += 1) isPresent[values[at]! - low] = 1;
  return Float64Array.from(isPresent.keys())
    .map((i) => low + i)
    .filter((_, i) => isPresent[i] === 1);
}

/** The smallest and the largest finite value. */
export function rangeOf(values: FrameValues): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at]!;
    if (value < low && value > -Infinity) low = value;
    if (value > high && value < Infinity) high = value;
  }
  return [low, high];
}

/** `most`: the value that means white. */
function luma(colours: FrameValues, most: number): Float32Array {
  const grey = new Float32Array(colours.length / 3);
  const [r, g, b] = LUMA;
  for (let pixel = 0, at = 0; pixel < grey.length; pixel += 1, at += 3) {
    grey[pixel] = (r * colours[at]! + g * colours[at + 1]! + b * colours[at + 2]!) / most;
  }
  return grey;
}

/** The value that means white in colour images. Bits Stored decides. */
export function mostOf(instance: ParsedInstance, values: FrameValues): number {
  const allocated = values.BYTES_PER_ELEMENT * 8;
  return (
    2 ** Math.min(allocated, numberOf(findElement(instance.elements, BITS_STORED), instance) || allocated) - 1
  );
}
