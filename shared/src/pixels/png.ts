/**
 * Decodes PNG (ISO/IEC 15948): every bit depth, colour type and interlace. The CRC of every chunk is checked.
 * Dimensions are known before anything is inflated, and no more is inflated than they require. Text and profiles
 * (tEXt, zTXt, iTXt, iCCP) are never read.
 *
 * [Note: Why not fast-png's decoder] It inflates image data and profiles without a limit, so 50 MB of input could
 * require 50 GB, and it checks CRCs only on request. Its encoder is used for results, because it only handles our own
 * pictures.
 */
import { crc32 } from './crc32.ts';
import { concatBytes } from '../dicom/encode.ts';
import { exifOrientation } from './exif-orientation.ts';
import { inflated } from './inflate.ts';

interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  /** §11.2.2: 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha. */
  readonly colourType: number;
  readonly isInterlaced: boolean;
}

/** The chunks of a file. */
export interface PngContents {
  readonly header: PngHeader;
  /** Concatenated IDAT. */
  readonly data: readonly Uint8Array[];
  /** RGB, 3 bytes per entry. */
  readonly palette: Uint8Array | null;
  readonly hasText: boolean;
  /** The EXIF orientation; 1: upright. */
  readonly orientation: number;
  readonly hasTransparency: boolean;
  readonly isAnimated: boolean;
  readonly hasTrailingData: boolean;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** §11.2.2, Table 11.1 */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const TEXT_CHUNKS = new Set(['tEXt', 'zTXt', 'iTXt', 'eXIf', 'tIME']);
/** §8.2, Adam7: first column, first row, and the steps between columns and rows of each pass. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const WHOLE = [[0, 0, 1, 1]] as const;

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** The verified chunks; null if one is damaged or out of place. Nothing is inflated. */
export function readPng(bytes: Uint8Array): PngContents | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array[] = [];
  const found = {
    palette: null as Uint8Array | null,
    hasText: false,
    orientation: 1,
    hasTransparency: false,
    isAnimated: false,
  };
  let header: PngHeader | null = null;
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length || crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) return null;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, end - 4);
    if ((header === null) !== (type === 'IHDR')) return null;
    if (type === 'IHDR') header = readHeader(content);
    if (!header) return null;
    if (type === 'PLTE') found.palette = content;
    else if (type === 'IDAT') data.push(content);
    else if (type === 'tRNS') found.hasTransparency = true;
    else if (type === 'acTL') found.isAnimated = true;
    else if (TEXT_CHUNKS.has(type)) found.hasText = true;
    if (type === 'eXIf') found.orientation = exifOrientation(content);
    if (type === 'IEND') return { header, data, ...found, hasTrailingData: end < bytes.length };
    // §5.4: a capital first letter marks a chunk without which the picture cannot be decoded.
    if (type[0]! < 'a' && type !== 'IHDR' && type !== 'PLTE' && type !== 'IDAT') return null;
    at = end;
  }
  return null;
}

function readHeader(content: Uint8Array): PngHeader | null {
  if (content.length !== 13) return null;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [bitDepth, colourType, compression, filter, interlace] = content.subarray(8) as unknown as number[];
  const isKnown =
    DEPTHS[colourType!]?.includes(bitDepth!) && compression === 0 && filter === 0 && interlace! <= 1;
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  return isKnown && width > 0 && height > 0
    ? { width, height, bitDepth: bitDepth!, colourType: colourType!, isInterlaced: interlace === 1 }
    : null;
}

/**
 * The decoded samples, `channels` per pixel, as in the file (indices if it has a palette); null if the data is damaged
 * or not of this size. The caller has checked that the header's dimensions are acceptable.
 */
export async function decodePng({
  header,
  data,
}: PngContents): Promise<{ readonly channels: number; readonly samples: Uint16Array } | null> {
  const { width, height, bitDepth, colourType, isInterlaced } = header;
  const channels = CHANNELS[colourType]!;
  const bitsPerPixel = channels * bitDepth;
  const passes = (isInterlaced ? PASSES : WHOLE)
    .map(([x, y, stepX, stepY]) => ({
      x,
      y,
      stepX,
      stepY,
      columns: Math.ceil((width - x) / stepX),
      rows: Math.ceil((height - y) / stepY),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const rowBytes = (columns: number): number => 1 + Math.ceil((columns * bitsPerPixel) / 8);
  const length = passes.reduce((sum, { columns, rows }) => sum + rows * rowBytes(columns), 0);
  const bytes = await inflated(concatBytes(data), 'deflate', length);
  if (!bytes) return null;
  const samples = new Uint16Array(width * height * channels);
  let at = 0;
  for (const { x, y, stepX, stepY, columns, rows } of passes) {
    let above: Uint8Array = new Uint8Array(rowBytes(columns) - 1);
    for (let row = 0; row < rows; row += 1) {
      const line = bytes.subarray(at + 1, at + rowBytes(columns));
      if (!unfilter(bytes[at]!, line, above, Math.max(1, bitsPerPixel >> 3))) return null;
      const start = ((y + row * stepY) * width + x) * channels;
      if (bitDepth === 8 && stepX === 1) samples.set(line, start);
      else spread(line, { columns, channels, depth: bitDepth }, samples, { start, step: stepX * channels });
      above = line;
      at += rowBytes(columns);
    }
  }
  return { channels, samples };
}

/** §9.2, in place. False for an unknown type of filter. */
function unfilter(type: number, line: Uint8Array, above: Uint8Array, pixel: number): boolean {
  if (type > 4) return false;
  for (let i = 0; type > 0 && i < line.length; i += 1) {
    const a = i >= pixel ? line[i - pixel]! : 0;
    const b = above[i]!;
    if (type === 1) line[i]! += a;
    else if (type === 2) line[i]! += b;
    else if (type === 3) line[i]! += (a + b) >> 1;
    else line[i]! += paeth(a, b, i >= pixel ? above[i - pixel]! : 0);
  }
  return true;
}

function paeth(a: number, b: number, c: number): number {
  const toA = Math.abs(b - c);
  const toB = Math.abs(a - c);
  const toC = Math.abs(a + b - 2 * c);
  return toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
}

/** Writes the samples of one line to every `step`th position of `samples`. */
function spread(
  line: Uint8Array,
  {
    columns,
    channels,
    depth,
  }: { readonly columns: number; readonly channels: number; readonly depth: number },
  samples: Uint16Array,
  { start, step }: { readonly start: number; readonly step: number },
): void {
  for (let pixel = 0, at = start; pixel < columns; pixel += 1, at += step) {
    for (let channel = 0; channel < channels; channel += 1) {
      const which = pixel * channels + channel;
      const bit = which * depth;
      samples[at + channel] =
        depth === 16
          ? (line[which * 2]! << 8) | line[which * 2 + 1]!
          : depth === 8
            ? line[which]!
            : (line[bit >> 3]! >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  }
}
