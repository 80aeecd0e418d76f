/**
 * A small picture of an instance for the list on the screen: one frame of any transfer syntax, nearest neighbour. It
 * is for recognising a series, never for diagnosis: it has no overlay, no presentation state, and 8 bits.
 */
import type { ByteSource, ParsedInstance } from '../dicom/data-set.ts';
import { decodeFrame, type Decoding } from './decode-frame.ts';
import { readFrameShape } from './frame-shape.ts';
import { greyOfStored, mostOf, paletteOf } from './grey-picture.ts';
import { entryOf } from './lookup-table.ts';
import type { Frame, PictureRefusal } from './picture.ts';

/** RGBA, rows from the top. */
export interface Thumbnail {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray;
}

/** A picture of a frame, with the size of the frame. */
export interface FramePicture extends Thumbnail {
  readonly rows: number;
  readonly columns: number;
}

export interface Wanted {
  /** The maximum side length of the picture, in pixels. */
  readonly maxSide: number;
  /** Counted from 0; by default the middle frame. */
  readonly frame?: number | undefined;
  /**
   * The part of the values to show from black to white, as fractions of the range from the lowest (0) to the highest
   * (1) value of the frame; the window in the header is ignored. In colour images it applies to each colour.
   */
  readonly range?: readonly [low: number, high: number] | undefined;
}

/** The largest decoded frame for a thumbnail; a mammogram has 40 MB. */
const FRAME_BYTES_LIMIT = 64 * 1024 * 1024;

/**
 * Draws a frame, or returns why there is no picture: an object without pixels, video, damage, a missing frame.
 * `source` is `instance.dataSet`, or a replacement for it.
 */
export async function thumbnail(
  instance: ParsedInstance,
  source: ByteSource,
  { maxSide, frame, range }: Wanted,
  decoding: Decoding,
): Promise<FramePicture | PictureRefusal> {
  const shape = readFrameShape(instance);
  if ('because' in shape) return shape.because;
  if ((shape.rows * shape.columns * shape.samples * shape.bitsAllocated) / 8 > FRAME_BYTES_LIMIT)
    return 'image-too-large';
  const decoded = await decodeFrame(instance, source, frame ?? Math.floor(shape.frames / 2), decoding);
  if (decoded.kind === 'refused') return decoded.because;
  const paint = await painterOf(instance, source, decoded.frame, range);
  // The palette cannot be read.
  return paint === null ? 'image-damaged' : drawn(decoded.frame, maxSide, paint);
}

/** Writes the colour of a pixel (its number in the frame) to the three bytes of `rgba` at `at`. */
type PixelPainter = (pixel: number, rgba: Uint8ClampedArray, at: number) => void;

async function painterOf(
  instance: ParsedInstance,
  source: ByteSource,
  frame: Frame,
  range: Wanted['range'],
): Promise<PixelPainter | null> {
  const { values } = frame;
  const [low, high] = range ?? [0, 1];
  const shown = 255 / Math.max(high - low, 2 ** -20);
  if (frame.samples === 3) {
    const most = mostOf(instance, values);
    return (pixel, rgba, at) => {
      for (let sample = 0; sample < 3; sample += 1)
        rgba[at + sample] = (values[pixel * 3 + sample]! / most - low) * shown;
    };
  }
  if (frame.photometricInterpretation === 'PALETTE COLOR') {
    const palette = await paletteOf(instance, source);
    return (
      palette &&
      ((pixel, rgba, at) => {
        for (let colour = 0; colour < 3; colour += 1)
          rgba[at + colour] = (entryOf(palette[colour]!, values[pixel]!) - low) * shown;
      })
    );
  }
  const greyOf = await greyOfStored(instance, source, frame, range !== undefined);
  return (pixel, rgba, at) => rgba.fill((greyOf(values[pixel]!) - low) * shown, at, at + 3);
}

/** Nearest neighbour: it is fast, and a better method would not improve a thumbnail of an X-ray. */
function drawn({ rows, columns }: Frame, maxSide: number, paint: PixelPainter): FramePicture {
  const scale = Math.min(1, maxSide / Math.max(rows, columns));
  const width = Math.max(1, Math.round(columns * scale));
  const height = Math.max(1, Math.round(rows * scale));
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(((y + 0.5) * rows) / height) * columns;
    for (let x = 0; x < width; x += 1)
      paint(row + Math.floor(((x + 0.5) * columns) / width), rgba, (y * width + x) * 4);
  }
  return { width, height, rgba, rows, columns };
}
