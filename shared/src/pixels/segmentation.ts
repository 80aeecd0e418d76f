/**
 * Reads a binary segmentation (PS3.3 §A.51) for display: each segment with its name, code, algorithm and size, and a
 * picture of it in its recommended colour, to be laid over the source image. The frames of a segment are merged,
 * because the result is for one image and not for a volume.
 */
import { codeOf, contextOf, itemsOf, type Code } from '../dicom/content-tree.ts';
import type { DicomElement, DicomItem, ParsedInstance } from '../dicom/data-set.ts';
import { PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, SHARED_FUNCTIONAL_GROUPS_SEQUENCE } from '../dicom/tags.ts';
import { findElement, numberOf, numbersOf, textOf, uidText } from '../dicom/values.ts';
import type { Codecs } from './codecs.ts';
import { decodeFrame } from './decode-frame.ts';
import { readFrameShape } from './frame-shape.ts';
import type { PictureRefusal } from './picture.ts';
import type { Thumbnail } from './thumbnail.ts';

export interface Segment {
  /** Segment Number, from 1. */
  readonly number: number;
  readonly label: string;
  readonly type: Code | null;
  /** AUTOMATIC, SEMIAUTOMATIC or MANUAL, and the name of the algorithm. */
  readonly algorithmType: string;
  readonly algorithm: string;
  /** sRGB, 0 to 255. */
  readonly colour: Colour;
  /** The number of pixels inside the segment. */
  readonly pixels: number;
  /** In cm²; null if the size of a pixel is not stated. */
  readonly area: number | null;
  /** Opaque inside, transparent elsewhere. */
  readonly picture: Thumbnail;
}
type Colour = readonly [red: number, green: number, blue: number];

export interface Segmentation {
  readonly rows: number;
  readonly columns: number;
  readonly segments: readonly Segment[];
  /** SOP Instance UIDs of the source images. */
  readonly sources: readonly string[];
}
type SegmentationOutcome =
  | { readonly kind: 'segmentation'; readonly segmentation: Segmentation }
  | { readonly kind: 'refused'; readonly because: PictureRefusal };

const SEGMENT_SEQUENCE = 0x00620002;
/** The colour for a segment without a recommended one; no map has this colour. */
const NO_COLOUR: Colour = [214, 120, 220];

/**
 * No side of a picture is longer than `maxSide`; pictures are scaled by nearest neighbour. Throws whatever reading
 * `source` throws, and the signal's reason.
 */
export async function readSegmentation(
  instance: ParsedInstance,
  maxSide: number,
  codecs: Codecs,
  signal?: AbortSignal,
): Promise<SegmentationOutcome> {
  const { elements, dataSet } = instance;
  const shape = readFrameShape(instance);
  if ('because' in shape) return { kind: 'refused', because: shape.because };
  const kind = textOf(findElement(elements, 0x00620001), instance);
  if (kind !== 'BINARY' || shape.samples !== 1) return { kind: 'refused', because: 'image-type-unsupported' };
  const { rows, columns } = shape;
  const groups = itemsOf(elements, PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
  const masks = new Map<number, Uint8Array>();
  for (let at = 0; at < shape.frames; at += 1) {
    const frame = await decodeFrame(instance, dataSet, at, { codecs, signal });
    if (frame.kind === 'refused') return frame;
    const number = segmentOf(groups[at], instance);
    const mask = masks.get(number) ?? new Uint8Array(rows * columns);
    for (const [pixel, value] of frame.frame.values.entries()) if (value !== 0) mask[pixel] = 1;
    masks.set(number, mask);
  }
  const pixelArea = pixelAreaOf(elements, instance);
  const segments = itemsOf(elements, SEGMENT_SEQUENCE).map((item): Segment => {
    const described = describe(item, instance);
    const mask = masks.get(described.number) ?? new Uint8Array(rows * columns);
    const pixels = mask.reduce((sum, value) => sum + value, 0);
    return {
      ...described,
      pixels,
      area: pixelArea === null ? null : pixels * pixelArea,
      picture: paint(mask, { rows, columns }, described.colour, maxSide),
    };
  });
  const sources = groups
    .flatMap((group) => itemsOf(group.elements, 0x00089124))
    .flatMap((derivation) => itemsOf(derivation.elements, 0x00082112))
    .map((source) => uidText(findElement(source.elements, 0x00081155)));
  return { kind: 'segmentation', segmentation: { rows, columns, segments, sources: [...new Set(sources)] } };
}

/** Referenced Segment Number (0062,000B) of a frame. */
function segmentOf(group: DicomItem | undefined, instance: ParsedInstance): number {
  const [identified] = itemsOf(group?.elements ?? [], 0x0062000a);
  return identified === undefined
    ? 0
    : (numberOf(findElement(identified.elements, 0x0062000b), contextOf(identified, instance)) ?? 0);
}

function describe(item: DicomItem, instance: ParsedInstance): Omit<Segment, 'pixels' | 'area' | 'picture'> {
  const context = contextOf(item, instance);
  const said = (tag: number): string => textOf(findElement(item.elements, tag), context) ?? '';
  const lab = numbersOf(findElement(item.elements, 0x0062000d), context);
  return {
    number: numberOf(findElement(item.elements, 0x00620004), context) ?? 0,
    label: said(0x00620005),
    type: codeOf(item.elements, 0x0062000f, context),
    algorithmType: said(0x00620008),
    algorithm: said(0x00620009),
    colour: lab.length === 3 ? sRgbOf(lab as [number, number, number]) : NO_COLOUR,
  };
}

/** The area of a pixel in cm², by the Pixel Measures shared by all frames; null if it is not stated. */
function pixelAreaOf(elements: readonly DicomElement[], instance: ParsedInstance): number | null {
  const [measures] = itemsOf(elements, SHARED_FUNCTIONAL_GROUPS_SEQUENCE).flatMap((shared) =>
    itemsOf(shared.elements, 0x00289110),
  );
  if (measures === undefined) return null;
  const [down = 0, across = 0] = numbersOf(
    findElement(measures.elements, 0x00280030),
    contextOf(measures, instance),
  );
  return down > 0 && across > 0 ? (down * across) / 100 : null;
}

function paint(
  mask: Uint8Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  colour: Colour,
  maxSide: number,
): Thumbnail {
  const scale = Math.min(1, maxSide / Math.max(rows, columns));
  const width = Math.max(1, Math.round(columns * scale));
  const height = Math.max(1, Math.round(rows * scale));
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(((y + 0.5) * rows) / height) * columns;
    for (let x = 0; x < width; x += 1) {
      if (mask[row + Math.floor(((x + 0.5) * columns) / width)])
        rgba.set([...colour, 255], (y * width + x) * 4);
    }
  }
  return { width, height, rgba };
}

/** The white of the Profile Connection Space (ICC.1, D50). */
const D50 = [0.9642, 1, 0.8249] as const;
/** Converts XYZ under D50 to linear sRGB (Bradford). */
const TO_SRGB = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
] as const;

/** PS3.3 §C.10.7.1.1: 0 to 65535 represent L* from 0 to 100, and a* and b* from -128 to 127. */
export function sRgbOf([l, a, b]: readonly [number, number, number]): Colour {
  const lightness = ((l / 65_535) * 100 + 16) / 116;
  const offset = (value: number): number => (value / 65_535) * 255 - 128;
  const cubes = [lightness + offset(a) / 500, lightness, lightness - offset(b) / 200];
  const xyz = cubes.map((t, axis) => D50[axis]! * (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29)));
  return TO_SRGB.map((row) => {
    const linear = Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, factor, axis) => sum + factor * xyz[axis]!, 0),
      ),
    );
    return Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
  }) as unknown as Colour;
}
