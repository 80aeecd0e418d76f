/**
 * A small picture of an instance for the list on the screen: one frame, native pixels decoded here, a JPEG baseline frame handed to the
 * browser as it is. It is for recognising a series, never for reading it: no overlay, no presentation state, 8 bits.
 */
import type { ByteSource, DicomElement, ParsedInstance } from './data-set.ts';
import { type PixelModule, nativeBytes, readPixelModule } from './examine-pixel-module.ts';
import { JPEG_BASELINE } from './registry.ts';
import {
  BITS_STORED, PIXEL_DATA, PIXEL_REPRESENTATION, PLANAR_CONFIGURATION, RED_PALETTE_DATA, RED_PALETTE_DESCRIPTOR, RESCALE_INTERCEPT,
  RESCALE_SLOPE, WINDOW_CENTER, WINDOW_WIDTH,
} from './tags.ts';
import { findElement, numberOf, numbersOf, readValueBytes } from './values.ts';

/** RGBA, rows from the top; or a JPEG file of the frame at its own size. */
export type Thumbnail = { readonly width: number; readonly height: number; readonly rgba: Uint8ClampedArray } | { readonly jpeg: Blob };

/** A frame larger than this is not worth its memory for a thumbnail: a mammogram has 40 MB. */
const FRAME_BYTES_LIMIT = 64 * 1024 * 1024;
const JPEG_BYTES_LIMIT = 16 * 1024 * 1024;
/** 65 536 entries of 16 bits. */
const PALETTE_BYTES_LIMIT = 131_072;

/**
 * The middle frame, no side longer than `maxSide` pixels. null for what is not drawn here: other compressed transfer syntaxes, objects
 * without pixels, 1-bit and float pixels. `source` is `instance.dataSet`, or what stands in its place.
 */
export async function thumbnail(
  instance: ParsedInstance,
  source: ByteSource,
  maxSide: number,
  signal?: AbortSignal,
): Promise<Thumbnail | null> {
  const element = findElement(instance.elements, PIXEL_DATA);
  if (!element) return null;
  const module = readPixelModule(instance.elements, instance, PIXEL_DATA);
  if ('because' in module) return null;
  signal?.throwIfAborted();
  const frame = Math.floor(module.frames / 2);
  if (element.fragments && instance.transferSyntaxUID !== JPEG_BASELINE) return null;
  if (element.fragments) return await jpegFrame(element, source, module.frames, frame);
  if (module.bitsAllocated !== 8 && module.bitsAllocated !== 16) return null;
  const frameBytes = nativeBytes({ ...module, frames: 1 });
  if (frameBytes > FRAME_BYTES_LIMIT) return null;
  const bytes = await source.read(element.valueOffset + frame * frameBytes, frameBytes);
  if (bytes.length < frameBytes) return null;
  const colourOf = module.samples === 1 ? await greyOrPalette(instance, source, module, bytes) : colour(instance, module, bytes);
  return colourOf ? drawn(module, maxSide, colourOf) : null;
}

/** Writes the colour of a pixel (its number in the frame) to three bytes of `rgba` from `at` on. */
type PixelPainter = (pixel: number, rgba: Uint8ClampedArray, at: number) => void;

/** Nearest neighbour: it is quick, and a thumbnail of an X-ray does not gain by more. */
function drawn({ rows, columns }: PixelModule, maxSide: number, paint: PixelPainter): Thumbnail {
  const scale = Math.min(1, maxSide / Math.max(rows, columns));
  const width = Math.max(1, Math.round(columns * scale));
  const height = Math.max(1, Math.round(rows * scale));
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * rows) / height) * columns;
    for (let x = 0; x < width; x++) paint(row + Math.floor(((x + 0.5) * columns) / width), rgba, (y * width + x) * 4);
  }
  return { width, height, rgba };
}

/** Fragments belong to frames one by one, or all to the only frame; anything else is left out. */
async function jpegFrame(element: DicomElement, source: ByteSource, frames: number, frame: number): Promise<Thumbnail | null> {
  const fragments = (element.fragments ?? []).slice(1);
  const wanted = frames === 1 ? fragments : fragments.length === frames ? fragments.slice(frame, frame + 1) : [];
  const bytes = wanted.reduce((sum, { length }) => sum + length, 0);
  if (bytes === 0 || bytes > JPEG_BYTES_LIMIT) return null;
  const parts = await Promise.all(wanted.map(({ offset, length }) => source.read(offset, length)));
  return { jpeg: new Blob(parts as Uint8Array<ArrayBuffer>[], { type: 'image/jpeg' }) };
}

async function greyOrPalette(
  instance: ParsedInstance,
  source: ByteSource,
  module: PixelModule,
  bytes: Uint8Array,
): Promise<PixelPainter | null> {
  const stored = storedValues(instance, module, bytes);
  if (module.photometricInterpretation === 'PALETTE COLOR') return await palette(instance, source, stored);
  const levelOf = window(instance, module, stored);
  const inverted = module.photometricInterpretation === 'MONOCHROME1';
  return (pixel, rgba, at) => {
    const level = levelOf(stored(pixel));
    const shown = inverted ? 255 - level : level;
    rgba[at] = shown;
    rgba[at + 1] = shown;
    rgba[at + 2] = shown;
  };
}

/** PS3.5 §8.1: a sample's bits, unused high ones masked out, the sign extended. High Bit is Bits Stored - 1 in what is made today. */
function storedValues(instance: ParsedInstance, { bitsAllocated }: PixelModule, bytes: Uint8Array): (pixel: number) => number {
  const bitsStored = Math.min(numberOf(findElement(instance.elements, BITS_STORED), instance) || bitsAllocated, bitsAllocated);
  const isSigned = numberOf(findElement(instance.elements, PIXEL_REPRESENTATION), instance) === 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = !instance.encoding.bigEndian;
  // In explicit VR big endian, 8-bit pixels stand in words of OW with their bytes swapped (PS3.5 §8.1.1).
  const swapped = instance.encoding.bigEndian && findElement(instance.elements, PIXEL_DATA)?.vr === 'OW' ? 1 : 0;
  const unused = 32 - bitsStored;
  const byteAt = (pixel: number): number => bytes[pixel ^ swapped] ?? 0;
  const wordAt = (pixel: number): number => view.getUint16(pixel * 2, littleEndian);
  const raw = bitsAllocated === 8 ? byteAt : wordAt;
  return isSigned ? (pixel) => (raw(pixel) << unused) >> unused : (pixel) => (raw(pixel) << unused) >>> unused;
}

/** PS3.3 §C.11.2.1.2 (linear); where no window is given, from the smallest to the largest of a thousand values. */
function window(instance: ParsedInstance, { rows, columns }: PixelModule, stored: (pixel: number) => number): (value: number) => number {
  const number = (tag: number, otherwise: number): number => numberOf(findElement(instance.elements, tag), instance) ?? otherwise;
  const slope = number(RESCALE_SLOPE, 1) || 1;
  const intercept = number(RESCALE_INTERCEPT, 0);
  let center = number(WINDOW_CENTER, Number.NaN);
  let width = number(WINDOW_WIDTH, Number.NaN);
  if (Number.isNaN(center) || !(width >= 1)) {
    const step = Math.max(1, Math.floor((rows * columns) / 1000));
    let [low, high] = [Infinity, -Infinity];
    for (let pixel = 0; pixel < rows * columns; pixel += step) {
      const value = stored(pixel) * slope + intercept;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    center = (low + high + 1) / 2;
    width = Math.max(1, high - low);
  }
  const lowest = center - 0.5 - (width - 1) / 2;
  return (value) => ((value * slope + intercept - lowest) / Math.max(1, width - 1)) * 255;
}

/** PS3.3 §C.7.6.3.1.5: number of entries (0: 65536), first value mapped, bits. Of 16-bit entries the high byte is shown. */
async function palette(instance: ParsedInstance, source: ByteSource, stored: (pixel: number) => number): Promise<PixelPainter | null> {
  const [entries = 0, first = 0, bits = 16] = numbersOf(findElement(instance.elements, RED_PALETTE_DESCRIPTOR), instance);
  const count = entries === 0 ? 65_536 : entries;
  const tables = [0, 1, 2].map((which) => findElement(instance.elements, RED_PALETTE_DATA + which));
  if (tables.some((table) => table === null || table.valueLength > PALETTE_BYTES_LIMIT)) return null;
  const read = await Promise.all(tables.map((table) => readValueBytes(table!, source, PALETTE_BYTES_LIMIT)));
  const [red, green, blue] = read.map((table) => paletteBytes(table, count, bits, instance.encoding.bigEndian));
  if (!red || !green || !blue) return null;
  return (pixel, rgba, at) => {
    const entry = Math.min(count - 1, Math.max(0, stored(pixel) - first));
    rgba[at] = red[entry] ?? 0;
    rgba[at + 1] = green[entry] ?? 0;
    rgba[at + 2] = blue[entry] ?? 0;
  };
}

function paletteBytes(table: Uint8Array, count: number, bits: number, bigEndian: boolean): Uint8Array {
  if (table.length < count * 2) return table;
  const high = bigEndian ? 0 : 1;
  const bytes = Uint8Array.from({ length: count }, (_, i) => table[i * 2 + high]!);
  // 8-bit entries in 16-bit words leave the high bytes empty.
  return bits === 8 && bytes.every((byte) => byte === 0) ? Uint8Array.from({ length: count }, (_, i) => table[i * 2 + 1 - high]!) : bytes;
}

function colour(instance: ParsedInstance, module: PixelModule, bytes: Uint8Array): PixelPainter | null {
  const { rows, columns, bitsAllocated, samples, photometricInterpretation } = module;
  if (samples !== 3 || bitsAllocated !== 8) return null;
  const isShared = photometricInterpretation.endsWith('_422');
  const isPlanar = !isShared && numberOf(findElement(instance.elements, PLANAR_CONFIGURATION), instance) === 1;
  const plane = rows * columns;
  const isYbr = photometricInterpretation.startsWith('YBR');
  return (pixel, rgba, at) => {
    // YBR_FULL_422: Y1 Y2 CB CR for each pair of pixels (PS3.3 §C.7.6.3.1.2).
    const pair = (pixel >> 1) * 4;
    const a = bytes[isShared ? pair + (pixel & 1) : isPlanar ? pixel : pixel * 3] ?? 0;
    const b = bytes[isShared ? pair + 2 : isPlanar ? plane + pixel : pixel * 3 + 1] ?? 0;
    const c = bytes[isShared ? pair + 3 : isPlanar ? 2 * plane + pixel : pixel * 3 + 2] ?? 0;
    rgba[at] = isYbr ? a + 1.402 * (c - 128) : a;
    rgba[at + 1] = isYbr ? a - 0.344136 * (b - 128) - 0.714136 * (c - 128) : b;
    rgba[at + 2] = isYbr ? a + 1.772 * (b - 128) : c;
  };
}
