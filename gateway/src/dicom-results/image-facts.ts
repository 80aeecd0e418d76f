/** The facts that annotations need of an image: its size, its frames, and how far apart its pixels lie. */
import { contextOf, itemsOf } from '#shared/dicom/content-tree.ts';
import type { DicomElement, ParsedInstance } from '#shared/dicom/data-set.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import {
  PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
  SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
} from '#shared/dicom/tags.ts';
import { findElement, numbersOf, textOf, type ValueContext } from '#shared/dicom/values.ts';
import type { ImageFacts } from '../reviews/annotation-road.ts';

const PIXEL_SPACING = 0x00280030;
const IMAGER_PIXEL_SPACING = 0x00181164;
/** GEOMETRY or FIDUCIAL where somebody has corrected Pixel Spacing. */
const CALIBRATION_TYPE = 0x00280a02;
const PIXEL_MEASURES = 0x00289110;

/** mm, down and across. */
type Spacing = readonly [number, number];

/** Null: it is no image. */
export function imageFactsOf(instance: ParsedInstance): ImageFacts | null {
  const { rows, columns, frames } = describeInstance(instance);
  if (!rows || !columns) return null;
  const { sopClassUID } = instance.identifiers;
  return { sopClassUID, rows, columns, frames, spacing: spacingOf(instance) };
}

/**
 * PS3.3 §10.7.1.3: Pixel Spacing that equals Imager Pixel Spacing, and was not calibrated, is the detector's, as
 * Imager Pixel Spacing alone is.
 */
function spacingOf(instance: ParsedInstance): ImageFacts['spacing'] {
  const { elements } = instance;
  const imager = pairIn(elements, IMAGER_PIXEL_SPACING, instance);
  const spacing = pairIn(elements, PIXEL_SPACING, instance) ?? measuresOf(instance);
  const isCalibrated = textOf(findElement(elements, CALIBRATION_TYPE), instance) !== null;
  const isAtDetector = imager !== null && (spacing === null || (!isCalibrated && isSame(spacing, imager)));
  const [down, across] = spacing ?? imager ?? [];
  return down === undefined || across === undefined ? null : { down, across, isAtDetector };
}

const isSame = (one: Spacing, other: Spacing): boolean => one[0] === other[0] && one[1] === other[1];

function pairIn(elements: readonly DicomElement[], tag: number, context: ValueContext): Spacing | null {
  const [down = 0, across = 0] = numbersOf(findElement(elements, tag), context);
  const isMeasure = (mm: number): boolean => Number.isFinite(mm) && mm > 0;
  return isMeasure(down) && isMeasure(across) ? [down, across] : null;
}

/** Of all frames; null where one says nothing or something else. */
function measuresOf(instance: ParsedInstance): Spacing | null {
  const { elements } = instance;
  const spacings = [SHARED_FUNCTIONAL_GROUPS_SEQUENCE, PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE]
    .flatMap((groups) => itemsOf(elements, groups))
    .flatMap((group) => itemsOf(group.elements, PIXEL_MEASURES))
    .map((measures) => pairIn(measures.elements, PIXEL_SPACING, contextOf(measures, instance)));
  const [first] = spacings;
  if (!first) return null;
  return spacings.every((one) => one !== null && isSame(one, first)) ? first : null;
}
