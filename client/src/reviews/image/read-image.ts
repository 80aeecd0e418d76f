/**
 * Opens an instance and draws its frames for the viewer in the requested grey window. Every pixel is drawn unless the
 * frame is larger than a page can hold. Runs in a worker, which holds one instance.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { mayHoldName } from '#shared/deid/undeclared-text.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { MODALITY } from '#shared/dicom/tags.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import { decodeFrame } from '#shared/pixels/decode-frame.ts';
import { readSpacing, type Spacing } from '#shared/pixels/frame-spacing.ts';
import { readFrameShape } from '#shared/pixels/frame-shape.ts';
import { greyOfStored, mostOf, paletteOf, rangeOf } from '#shared/pixels/grey-picture.ts';
import { readModality, readWindow, windowOf } from '#shared/pixels/grey-transform.ts';
import { entryOf } from '#shared/pixels/lookup-table.ts';
import type { Frame } from '#shared/pixels/picture.ts';

/** Values in the modality's unit. */
export interface GreyWindow {
  readonly center: number;
  readonly width: number;
}

export interface ImageHead {
  readonly columns: number;
  readonly rows: number;
  readonly frames: number;
  /** Modality, a CS value; '' where the header names none. */
  readonly modality: string;
  /** The header does not exclude that a name is burned into the pixels. */
  readonly mayHoldName: boolean;
}

export interface DrawnFrame {
  /** RGBA, rows from the top. Smaller than the image where the image is larger than SIDE_LIMIT. */
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  /** The window used for drawing; null: a colour image has none. */
  readonly window: GreyWindow | null;
  /** Lowest and highest value of the frame; null: a colour image. */
  readonly values: readonly [low: number, high: number] | null;
  readonly spacing: Spacing | null;
}

export interface OpenedImage {
  readonly head: ImageHead;
  /** Frames count from 1. `window` null: use the header's window. Null where the frame cannot be drawn here. */
  draw(frame: number, window: GreyWindow | null): Promise<DrawnFrame | null>;
}

/** A canvas of 64 MB. Most images fit with every pixel. */
const SIDE_LIMIT = 4096;

/**
 * Null: the bytes are not an instance, or it has no pixels that can be read here. Throws if a codec cannot be loaded.
 */
export async function openImage(bytes: Uint8Array<ArrayBuffer>, codecs: Codecs): Promise<OpenedImage | null> {
  const read = await readInstance(bytesSource(bytes), undefined, 'replaced');
  if (read.kind === 'refused') return null;
  const { instance } = read;
  const shape = readFrameShape(instance);
  if ('because' in shape) return null;
  const { columns, rows, frames } = shape;
  const modality = textOf(findElement(instance.elements, MODALITY), instance) ?? '';
  // Only the last frame is cached: a person who changes the window stays on one frame.
  let kept: { readonly number: number; readonly frame: Frame } | null = null;
  return {
    head: { columns, rows, frames, modality, mayHoldName: mayHoldName(instance) },
    async draw(number, window) {
      if (kept?.number !== number) {
        const decoded = await decodeFrame(instance, instance.dataSet, number - 1, { codecs });
        if (decoded.kind === 'refused') return null;
        kept = { number, frame: decoded.frame };
      }
      return await drawFrame(instance, kept.frame, window);
    },
  };
}

/** Writes the colour of a pixel (its number in the frame) to three bytes from `at` on. */
type Painter = (pixel: number, rgba: Uint8ClampedArray, at: number) => void;

async function drawFrame(
  instance: ParsedInstance,
  frame: Frame,
  window: GreyWindow | null,
): Promise<DrawnFrame | null> {
  const spacing = readSpacing(instance, frame.index);
  const grey = await greyLook(instance, frame, window);
  const paint = grey?.paint ?? (await colourPainter(instance, frame));
  if (paint === null) return null;
  const about = { window: grey?.window ?? null, values: grey?.values ?? null, spacing };
  return { ...painted(frame, paint), ...about };
}

type GreyLook = {
  readonly paint: Painter;
  readonly window: GreyWindow;
  readonly values: readonly [number, number];
};

/** Null for colour images. */
async function greyLook(
  instance: ParsedInstance,
  frame: Frame,
  asked: GreyWindow | null,
): Promise<GreyLook | null> {
  if (frame.samples === 3 || frame.photometricInterpretation === 'PALETTE COLOR') return null;
  const modality = await readModality(instance, instance.dataSet, frame.index);
  const ends = rangeOf(frame.values).map(modality.of);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const whole = { center: (low + high) / 2, width: Math.max(high - low, Number.EPSILON) };
  const header = readWindow(instance, frame.index);
  const window = asked ?? (header && { center: header.center, width: header.width }) ?? whole;
  const inWindow = asked && greyIn(asked);
  const isInverted = frame.photometricInterpretation === 'MONOCHROME1';
  const greyOf = inWindow
    ? (stored: number) => (isInverted ? 1 - inWindow(modality.of(stored)) : inWindow(modality.of(stored)))
    : await greyOfStored(instance, instance.dataSet, frame);
  return { paint: greyPainter(frame.values, greyOf), window, values: [low, high] };
}

/** LINEAR allows no width below 1, which images with fractional values need. */
const greyIn = ({ center, width }: GreyWindow) =>
  windowOf(center, width, 'LINEAR') ?? windowOf(center, width, 'LINEAR_EXACT');

/** Grey depends only on the stored value, so a lookup table is built if there are more pixels than values. */
function greyPainter(values: Frame['values'], greyOf: (stored: number) => number): Painter {
  const direct: Painter = (pixel, rgba, at) => rgba.fill(greyOf(values[pixel]!) * 255, at, at + 3);
  if (values.BYTES_PER_ELEMENT > 2) return direct;
  const [low, high] = rangeOf(values);
  if (high - low >= values.length) return direct;
  const table = new Uint8ClampedArray(high - low + 1).map((_, at) => Math.round(greyOf(low + at) * 255));
  return (pixel, rgba, at) => rgba.fill(table[values[pixel]! - low]!, at, at + 3);
}

/** Null where a palette is missing. */
async function colourPainter(instance: ParsedInstance, frame: Frame): Promise<Painter | null> {
  const { values } = frame;
  if (frame.samples === 3) {
    const white = 255 / mostOf(instance, values);
    return (pixel, rgba, at) => {
      for (let sample = 0; sample < 3; sample += 1) rgba[at + sample] = values[pixel * 3 + sample]! * white;
    };
  }
  const palette = await paletteOf(instance, instance.dataSet);
  return (
    palette &&
    ((pixel, rgba, at) => {
      for (const [colour, table] of palette.entries())
        rgba[at + colour] = entryOf(table, values[pixel]!) * 255;
    })
  );
}

function painted({ rows, columns }: Frame, paint: Painter): Pick<DrawnFrame, 'width' | 'height' | 'rgba'> {
  const scale = Math.min(1, SIDE_LIMIT / Math.max(rows, columns));
  const width = Math.max(1, Math.round(columns * scale));
  const height = Math.max(1, Math.round(rows * scale));
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  const across = Uint32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * columns) / width));
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(((y + 0.5) * rows) / height) * columns;
    for (let x = 0; x < width; x += 1) paint(row + across[x]!, rgba, (y * width + x) * 4);
  }
  return { width, height, rgba };
}
