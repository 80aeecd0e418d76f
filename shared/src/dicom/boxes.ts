/**
 * The boxes with which a person covered parts of an image. A Data Set records them as values of De-identification
 * Method (0012,0063): `covered 10,20,300,40` for all frames, `covered 10,20,300,40@2-5` for some.
 */
import type { DicomElement } from './data-set.ts';
import { asciiText, findElement } from './values.ts';

/** In pixels of the image. `x` and `y` are those of its upper left pixel, counted from 0. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The first and the last frame, counted from 1 as DICOM does; null: all. */
  readonly frames: readonly [first: number, last: number] | null;
}

declare const COVERED: unique symbol;
/** Boxes whose pixels are blank (pixels/cover-pixels.ts). */
export type CoveredBoxes = readonly Box[] & { readonly [COVERED]: true };
export const NOTHING_COVERED = [] as readonly Box[] as CoveredBoxes;

/** The size of an image. */
export interface Extent {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
}

/**
 * The most boxes. A screen full of text needs a dozen. The values of this many stay below the 64 KiB of a short
 * element.
 */
export const BOXES_LIMIT = 100;

export const DEIDENTIFICATION_METHOD = 0x00120063;
const SIDE_LIMIT = 65_535;
const FRAME_LIMIT = 2 ** 31 - 1;
const FORM = /^covered (\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5})(?:@(\d{1,10})-(\d{1,10}))?$/;

/**
 * Whether the number of boxes is within the limit, and each box has whole numbers and lies inside the image. Allocates
 * nothing.
 */
export function areWithin(boxes: readonly Box[], extent: Extent): boolean {
  return boxes.length <= BOXES_LIMIT && boxes.every((box) => isWithin(box, extent));
}

function isWithin({ x, y, width, height, frames }: Box, { rows, columns, frames: count }: Extent): boolean {
  const [first, last] = frames ?? [1, 1];
  const isInside = (from: number, size: number, end: number): boolean =>
    Number.isSafeInteger(from) &&
    Number.isSafeInteger(size) &&
    from >= 0 &&
    size >= 1 &&
    from + size <= Math.min(end, SIDE_LIMIT);
  const isRange =
    Number.isSafeInteger(first) && Number.isSafeInteger(last) && first >= 1 && first <= last && last <= count;
  return isInside(x, width, columns) && isInside(y, height, rows) && isRange;
}

/** The boxes that apply to a frame. `frame` is counted from 0. */
export function boxesOn<T extends Box>(boxes: readonly T[], frame: number): readonly T[] {
  return boxes.filter(({ frames }) => frames === null || (frame + 1 >= frames[0] && frame + 1 <= frames[1]));
}

export function formatBox({ x, y, width, height, frames }: Box): string {
  return `covered ${x},${y},${width},${height}${frames === null ? '' : `@${frames[0]}-${frames[1]}`}`;
}

/** Null if the text is not a box, or not in the form that `formatBox` writes. */
export function parseBox(text: string): Box | null {
  const [x, y, width, height, first, last] = (FORM.exec(text) ?? []).slice(1).map(Number);
  if (x === undefined || y === undefined || width === undefined || height === undefined) return null;
  const frames = text.includes('@') ? ([first!, last!] as const) : null;
  const box: Box = { x, y, width, height, frames };
  const isPossible = isWithin(box, { rows: SIDE_LIMIT, columns: SIDE_LIMIT, frames: FRAME_LIMIT });
  return isPossible && formatBox(box) === text ? box : null;
}

/** The boxes that a Data Set declares blank. Null: a value begins like a box and is none, or there are too many. */
export function claimedBoxes(elements: readonly DicomElement[]): readonly Box[] | null {
  const method = findElement(elements, DEIDENTIFICATION_METHOD);
  const texts = asciiText(method?.bytes ?? new Uint8Array())
    .split('\\')
    .map((text) => text.trim())
    .filter((text) => text.startsWith('covered'));
  if (texts.length > BOXES_LIMIT) return null;
  const boxes = texts.map(parseBox);
  return boxes.includes(null) ? null : (boxes as Box[]);
}
