/**
 * An overlay may draw a shutter (PS3.3 §C.7.6.15, Bitmap Display Shutter). Overlays are removed, and a shutter that
 * names a removed overlay is not valid, so the shutter is removed as well. Shutters of other shapes stay.
 */
import type { DicomElement } from '../dicom/data-set.ts';
import { textValue } from '../dicom/encode.ts';
import { findElement } from '../dicom/values.ts';
import { asciiOf } from './element-text.ts';

const SHUTTER_SHAPE = 0x00181600;
const SHUTTER_OVERLAY_GROUP = 0x00181623;
/** All attributes of such a shutter: Shape, Presentation Value, Overlay Group, Presentation Color CIELab Value. */
const BITMAP_SHUTTER = [SHUTTER_SHAPE, 0x00181622, SHUTTER_OVERLAY_GROUP, 0x00181624];

export interface WithoutBitmap {
  readonly removed: ReadonlySet<number>;
  /** The remaining shapes. Null: none. */
  readonly shape: Uint8Array | null;
}

/**
 * What remains of the shutter in these elements (a Data Set or an item) once its overlay is removed. Null: no overlay
 * draws the shutter.
 */
export function withoutBitmapShutter(elements: readonly DicomElement[]): WithoutBitmap | null {
  const shape = findElement(elements, SHUTTER_SHAPE);
  const shapes =
    shape === null
      ? []
      : asciiOf(shape)
          .split('\\')
          .map((each) => each.trim());
  const left = shapes.filter((each) => each !== 'BITMAP');
  const isDrawn = left.length < shapes.length;
  if (!isDrawn && findElement(elements, SHUTTER_OVERLAY_GROUP) === null) return null;
  if (left.length === 0) return { removed: new Set(BITMAP_SHUTTER), shape: null };
  return { removed: new Set([SHUTTER_OVERLAY_GROUP]), shape: isDrawn ? textValue('CS', ...left) : null };
}

export const isShutterShape = (tag: number): boolean => tag === SHUTTER_SHAPE;
