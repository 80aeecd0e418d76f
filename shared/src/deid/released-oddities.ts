/**
 * Oddities of an instance (protocol/irregularities.ts) that a person released under a policy that removes names. A
 * Data Set records them as values of De-identification Method (0012,0063), such as `released pixel-data-length`. They
 * tell the gateway, and whoever reads the instance, that a person knows of them.
 */
import { DEIDENTIFICATION_METHOD } from '../dicom/boxes.ts';
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { asciiText, findElement } from '../dicom/values.ts';
import { heldFor, irregularitiesIn, type Irregularity } from '../protocol/irregularities.ts';

const RELEASED = 'released ';

export function formatRelease(irregularity: Irregularity): string {
  return `${RELEASED}${irregularity}`;
}

/** The oddities that, according to the Data Set, a person released. */
export function claimedReleases(elements: readonly DicomElement[]): readonly Irregularity[] {
  const method = findElement(elements, DEIDENTIFICATION_METHOD);
  const texts = asciiText(method?.bytes ?? new Uint8Array())
    .split('\\')
    .map((text) => text.trim());
  return irregularitiesIn(
    texts.filter((text) => text.startsWith(RELEASED)).map((text) => text.slice(RELEASED.length)),
  );
}

/** The oddities for which a de-identified instance is held, except those in `released`. */
export function openIrregularities(
  { warnings }: Pick<ParsedInstance, 'warnings'>,
  released: readonly Irregularity[],
): readonly Irregularity[] {
  return heldFor(warnings, 'deidentified').filter((each) => !released.includes(each));
}
