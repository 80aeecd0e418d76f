/** The distance between the centres of neighbouring pixels, as far as the header states it. */
import type { ParsedInstance } from '../dicom/data-set.ts';
import { findElement, numbersOf } from '../dicom/values.ts';
import { functionalGroup, type Group } from './grey-transform.ts';

const PIXEL_SPACING = 0x00280030;
const IMAGER_PIXEL_SPACING = 0x00181164;
const PIXEL_MEASURES_SEQUENCE = 0x00289110;

/** In mm. */
export interface Spacing {
  /** Between rows: down the image. */
  readonly row: number;
  /** Between columns: across it. */
  readonly column: number;
  /** `detector`: magnified by as much as the patient was away from it (PS3.3 §10.7.1.3). */
  readonly at: 'patient' | 'detector';
}

/** Of one frame, counted from 0; null where it is not known, or not a length. */
export function readSpacing(instance: ParsedInstance, frame: number): Spacing | null {
  const whole = { elements: instance.elements, context: instance };
  const ofFrame = functionalGroup(instance, PIXEL_MEASURES_SEQUENCE, frame);
  const pairOf = (group: Group, tag: number, at: Spacing['at']): Spacing | null => {
    // "The first value is the row spacing, … the second value is the column spacing".
    const [row = 0, column = 0] = numbersOf(findElement(group.elements, tag), group.context);
    const isLength = [row, column].every((one) => Number.isFinite(one) && one > 0);
    return isLength ? { row, column, at } : null;
  };
  return (
    (ofFrame && pairOf(ofFrame, PIXEL_SPACING, 'patient')) ??
    pairOf(whole, PIXEL_SPACING, 'patient') ??
    pairOf(whole, IMAGER_PIXEL_SPACING, 'detector')
  );
}
