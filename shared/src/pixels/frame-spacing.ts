/** Reads the distance between the centres of neighbouring pixels, if the header states it. */
import type { ParsedInstance } from '../dicom/data-set.ts';
import { findElement, numbersOf, textOf } from '../dicom/values.ts';
import { functionalGroup, type Group } from './grey-transform.ts';

const PIXEL_SPACING = 0x00280030;
const IMAGER_PIXEL_SPACING = 0x00181164;
/** GEOMETRY or FIDUCIAL if Pixel Spacing was calibrated. */
const CALIBRATION_TYPE = 0x00280a02;
const PIXEL_MEASURES_SEQUENCE = 0x00289110;

/** In mm. */
export interface Spacing {
  /** Between rows: down the image. */
  readonly row: number;
  /** Between columns: across it. */
  readonly column: number;
  /**
   * `detector`: the distances are magnified, depending on the distance of the patient from the detector (PS3.3
   * §10.7.1.3).
   */
  readonly at: 'patient' | 'detector';
}

/** The spacing of one frame, counted from 0; null if it is unknown or not a valid length. */
export function readSpacing(instance: ParsedInstance, frame: number): Spacing | null {
  const whole = { elements: instance.elements, context: instance };
  const ofFrame = functionalGroup(instance, PIXEL_MEASURES_SEQUENCE, frame);
  const pair = (ofFrame && pairOf(ofFrame, PIXEL_SPACING)) ?? pairOf(whole, PIXEL_SPACING);
  const imager = pairOf(whole, IMAGER_PIXEL_SPACING);
  if (pair === null) return imager && { ...imager, at: 'detector' };
  const isCalibrated = textOf(findElement(instance.elements, CALIBRATION_TYPE), instance) !== null;
  // PS3.3 §10.7.1.3: a Pixel Spacing that equals Imager Pixel Spacing and was not calibrated applies to the detector.
  const isSame = imager !== null && imager.row === pair.row && imager.column === pair.column;
  return { ...pair, at: isSame && !isCalibrated ? 'detector' : 'patient' };
}

function pairOf({ elements, context }: Group, tag: number): Pick<Spacing, 'row' | 'column'> | null {
  // "The first value is the row spacing, … the second value is the column spacing".
  const [row = 0, column = 0] = numbersOf(findElement(elements, tag), context);
  return [row, column].every((one) => Number.isFinite(one) && one > 0) ? { row, column } : null;
}
