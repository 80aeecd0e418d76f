/**
 * Kinds of images that often have a patient's name written into their pixels: ultrasound, photographs and video,
 * endoscopy, captured screens, scanned films and paper. If such an image does not say whether text is burned in (PS3.3
 * §C.7.6.1, Burned In Annotation), a person has to look at it; nothing here reads pixels.
 *
 * Other kinds (CT, MR, CR, DX, MG, PT, NM, XA, RF …) are assumed to have no burned-in text: their devices write names
 * into the header, and a screen captured from them counts as one of the kinds above.
 */
import type { ParsedInstance } from '../dicom/data-set.ts';
import { HARDCOPY_CLASSES } from '../dicom/registry.ts';
import { FLOAT_PIXEL_DATA, MODALITY, PIXEL_DATA } from '../dicom/tags.ts';
import { findElement } from '../dicom/values.ts';
import { asciiOf } from './element-text.ts';

/** These SOP Classes, and those whose UIDs begin with theirs. */
const SOP_CLASSES = [
  '1.2.840.10008.5.1.4.1.1.3', // Ultrasound Multi-frame, also retired
  '1.2.840.10008.5.1.4.1.1.6', // Ultrasound, also retired; Enhanced US Volume
  '1.2.840.10008.5.1.4.1.1.7', // Secondary Capture, single and multi-frame
  ...HARDCOPY_CLASSES,
  '1.2.840.10008.5.1.4.1.1.77.1', // Visible Light: endoscopy, microscopy, photographs, video, ophthalmic photographs
];

/**
 * PS3.3 §C.7.3.1.1.1, checked whatever the SOP Class, because devices write captured screens as images of other kinds.
 */
const MODALITIES: ReadonlySet<string> = new Set([
  ...['US', 'BDUS', 'IVUS'], // ultrasound
  ...['ES', 'XC', 'GM', 'SM', 'DMS', 'OP', 'PHOTO'], // endoscopy, photographs, microscopy
  ...['OT', 'SC', 'HC', 'DOC', 'FA', 'FS'], // other, captures, hard copies, documents; retired: angioscopy, fundoscopy
]);

/** Values of Image Type (PS3.3 §C.7.6.1.1.2) that denote captured screens. */
const SCREEN = /SCREEN|CAPTURE|SNAP ?SHOT|PHOTO|SCANNED/;

const IMAGE_TYPE = 0x00080008;
/**
 * Terms of Conversion Type (PS3.3 §C.8.6.1) for images that were filmed, scanned or drawn: digitized video and film,
 * scanned document, drawing. WSD (workstation) is not among them, because it occurs in images of every kind.
 */
const SCANNED: ReadonlySet<string> = new Set(['DV', 'DF', 'SD', 'DRW']);
const CONVERSION_TYPE = 0x00080064;
const BURNED_IN_ANNOTATION = 0x00280301;

/** Whether the picture may hold a name. Null: there is no header, so it may. */
export const mayHoldName = (instance: ParsedInstance | null): boolean =>
  instance === null || burnedInText(instance) !== 'no';

/** `yes` or `no` as the image declares it. `unsaid`: an image of one of these kinds that does not declare it. */
export function burnedInText(instance: ParsedInstance): 'yes' | 'no' | 'unsaid' {
  return burnedInTextBy({
    sopClassUID: instance.identifiers.sopClassUID,
    textOf(tag) {
      const element = findElement(instance.elements, tag);
      return element ? asciiOf(element) : '';
    },
    hasPixels: instance.elements.some(({ tag }) => tag >= FLOAT_PIXEL_DATA && tag <= PIXEL_DATA),
  });
}

/**
 * A header, independent of how it was read. `textOf` returns the text of an element (values separated by backslashes),
 * '' if there is none.
 */
interface PictureHeader {
  readonly sopClassUID: string;
  readonly textOf: (tag: number) => string;
  readonly hasPixels: boolean;
}

export function burnedInTextBy({ sopClassUID, textOf, hasPixels }: PictureHeader): 'yes' | 'no' | 'unsaid' {
  const text = (tag: number): string => textOf(tag).trim().toUpperCase();
  const declared = text(BURNED_IN_ANNOTATION);
  if (declared === 'YES') return 'yes';
  const isOfTheseKinds =
    SOP_CLASSES.some((root) => sopClassUID === root || sopClassUID.startsWith(`${root}.`)) ||
    MODALITIES.has(text(MODALITY)) ||
    SCREEN.test(text(IMAGE_TYPE)) ||
    SCANNED.has(text(CONVERSION_TYPE));
  return declared !== 'NO' && isOfTheseKinds && hasPixels ? 'unsaid' : 'no';
}
