/**
 * Reads PNG and JPEG files as grey pictures, for images that are sent without DICOM. Dimensions are checked before
 * anything is decoded. Text and profiles are neither read nor kept. Of EXIF only the orientation is read, so that a
 * picture that people see upright is upright here. The grey follows from the file's samples: no gamma, no ICC profile,
 * and transparent pixels count as opaque.
 */
import { ybrToRgb } from './colour.ts';
import { LUMA } from './grey-picture.ts';
import { upright } from './exif-orientation.ts';
import { decodeJpeg, readJpegFrame } from './jpeg.ts';
import type { GreyPicture, ImageRefusal, ImageWarning } from './picture.ts';
import { decodePng, isPng, readPng, type PngContents } from './png.ts';

/** The smallest size that is useful to a model, and the size of four screens. */
export const SIDE_PIXELS_LEAST = 64;
export const SIDE_PIXELS_MOST = 2048;
/** 2048 × 2048 pixels of 16 bits and four channels take 34 MB uncompressed. */
export const IMAGE_FILE_BYTES_LIMIT = 50 * 1024 * 1024;

type ImageFileOutcome =
  | {
      readonly kind: 'picture';
      readonly picture: GreyPicture;
      readonly type: 'png' | 'jpeg';
      readonly warnings: readonly ImageWarning[];
    }
  | { readonly kind: 'refused'; readonly because: ImageRefusal };

/** The type is determined from the bytes, not from the file's name; `name` is only used for a warning. */
export async function readImageFile(bytes: Uint8Array, name?: string): Promise<ImageFileOutcome> {
  if (bytes.length > IMAGE_FILE_BYTES_LIMIT) return refused('file-too-large');
  const read = isPng(bytes)
    ? await readPngFile(bytes)
    : isJpeg(bytes)
      ? readJpegFile(bytes)
      : refused('image-type-unsupported');
  if (read.kind === 'refused' || name === undefined || NAMES[read.type].test(name)) return read;
  return { ...read, warnings: [...read.warnings, 'type-differs-from-name'] };
}

const NAMES = { png: /\.png$/i, jpeg: /\.jpe?g$/i } as const;

function isJpeg([first, second, third]: Uint8Array): boolean {
  return first === 0xff && second === 0xd8 && third === 0xff;
}

function readJpegFile(bytes: Uint8Array): ImageFileOutcome {
  const frame = readJpegFrame(bytes);
  if (!frame) return refused('image-damaged');
  const { rows, columns, components, bits } = frame;
  const size = sizeRefusal(columns, rows);
  if (size) return refused(size);
  // Two components have no defined meaning, and four are printing inks.
  if (components.length !== 1 && components.length !== 3) return refused('image-type-unsupported');
  const decoded = decodeJpeg(bytes, { rows, columns, samples: components.length });
  if (!decoded || decoded.markers.end === null) return refused('image-damaged');
  const { values, markers } = decoded;
  const most = 2 ** bits - 1;
  // JFIF: three components mean YCbCr.
  if (components.length === 3 && decoded.isYbr !== false) ybrToRgb(values, most);
  const made =
    components.length === 3
      ? greyOf(rows * columns, (pixel, channel) => values[pixel * 3 + channel]!, most)
      : { grey: scaled(values, 1, most), isColoured: false };
  const warnings: ImageWarning[] = [
    ...(bits > 8 ? ['more-than-8-bits' as const] : []),
    ...(made.isColoured ? ['colour-converted' as const] : []),
    ...(markers.hasMetadata ? ['metadata-ignored' as const] : []),
    ...(bytes.subarray(markers.end!).some((byte) => byte !== 0) ? ['trailing-data-ignored' as const] : []),
  ];
  return {
    kind: 'picture',
    type: 'jpeg',
    warnings,
    picture: upright({ rows, columns, grey: made.grey }, markers.orientation),
  };
}

async function readPngFile(bytes: Uint8Array): Promise<ImageFileOutcome> {
  const contents = readPng(bytes);
  if (!contents) return refused('image-damaged');
  const size = sizeRefusal(contents.header.width, contents.header.height);
  if (size) return refused(size);
  const decoded = await decodePng(contents);
  const made = decoded && greyOfPng(contents, decoded.samples, decoded.channels);
  if (!made) return refused('image-damaged');
  const { header } = contents;
  const warnings: ImageWarning[] = [
    ...(header.bitDepth === 16 ? ['more-than-8-bits' as const] : []),
    ...(made.isColoured ? ['colour-converted' as const] : []),
    ...(contents.hasTransparency || header.colourType >= 4 ? ['transparency-ignored' as const] : []),
    ...(contents.isAnimated ? ['animation-first-frame' as const] : []),
    ...(contents.hasText ? ['metadata-ignored' as const] : []),
    ...(contents.hasTrailingData ? ['trailing-data-ignored' as const] : []),
  ];
  return {
    kind: 'picture',
    type: 'png',
    warnings,
    picture: upright({ rows: header.height, columns: header.width, grey: made.grey }, contents.orientation),
  };
}

function sizeRefusal(width: number, height: number): ImageRefusal | null {
  if (Math.min(width, height) < SIDE_PIXELS_LEAST) return 'image-too-small';
  return Math.max(width, height) > SIDE_PIXELS_MOST ? 'image-too-large' : null;
}

interface Grey {
  readonly grey: Float32Array;
  readonly isColoured: boolean;
}

function greyOfPng({ header, palette }: PngContents, samples: Uint16Array, channels: number): Grey | null {
  const most = 2 ** header.bitDepth - 1;
  if (header.colourType === 3) {
    const entries = palette && Math.floor(palette.length / 3);
    if (!entries || samples.some((index) => index >= entries)) return null;
    return greyOf(samples.length, (pixel, channel) => palette[samples[pixel]! * 3 + channel]!, 255);
  }
  if (channels <= 2) return { grey: scaled(samples, channels, most), isColoured: false };
  return greyOf(samples.length / channels, (pixel, channel) => samples[pixel * channels + channel]!, most);
}

/** The first channel of each pixel, 0 to 1. This is a loop because `Float32Array.from` takes ten times as long. */
function scaled(samples: ArrayLike<number>, channels: number, most: number): Float32Array {
  const grey = new Float32Array(samples.length / channels);
  for (let pixel = 0; pixel < grey.length; pixel += 1) grey[pixel] = samples[pixel * channels]! / most;
  return grey;
}

/** Luma, and whether any pixel has a colour that a person could see: its channels differ by more than 3 %. */
function greyOf(pixels: number, sample: (pixel: number, channel: 0 | 1 | 2) => number, most: number): Grey {
  const grey = new Float32Array(pixels);
  const [r, g, b] = LUMA;
  let isColoured = false;
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const red = sample(pixel, 0);
    const green = sample(pixel, 1);
    const blue = sample(pixel, 2);
    grey[pixel] = (r * red + g * green + b * blue) / most;
    isColoured ||= Math.max(red, green, blue) - Math.min(red, green, blue) > 0.03 * most;
  }
  return { grey, isColoured };
}

function refused(because: ImageRefusal): { readonly kind: 'refused'; readonly because: ImageRefusal } {
  return { kind: 'refused', because };
}
