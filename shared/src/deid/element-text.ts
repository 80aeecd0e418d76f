/**
 * The few values that de-identification itself must read: UIDs, dates and codes, which are ASCII, and the
 * Patient ID.
 */
import type { DicomElement } from '../dicom/data-set.ts';
import { characterSetsOf, asciiText, findElement, textOf } from '../dicom/values.ts';
import type { ValueContext } from '../dicom/values.ts';

const PATIENT_ID = 0x00100020;
const ISSUER_OF_PATIENT_ID = 0x00100021;

/** No value of any VR: it is neither a date nor a UID nor a word. */
const NOT_KEPT = '\ufffd';

/**
 * The value without padding and surrounding spaces; '' where it is empty. Backslashes stay. A value that the
 * parser did not keep (too long, or items or fragments where a plain value belongs) is not an empty one: it
 * would pass for a value that may stay.
 */
export function asciiOf(element: DicomElement): string {
  return element.bytes === null ? NOT_KEPT : asciiText(element.bytes).replace(/^[\0\s]+|[\0\s]+$/g, '');
}

/**
 * Names the patient of one Data Set or item for keyed pseudonyms: Patient ID as text (the same in every
 * character set), with its issuer where there is one, since two hospitals number their patients alike. Null
 * without a Patient ID.
 */
export function patientKeyOf(elements: readonly DicomElement[], context: ValueContext): string | null {
  const within = {
    characterSets: characterSetsOf(elements, context.characterSets),
    encoding: context.encoding,
  };
  const text = (tag: number) => {
    const element = findElement(elements, tag);
    return textOf(element && { ...element, vr: 'LO' }, within)?.normalize('NFC') ?? null;
  };
  const patientId = text(PATIENT_ID);
  const issuer = text(ISSUER_OF_PATIENT_ID);
  return patientId === null || issuer === null ? patientId : `${patientId}\0${issuer}`;
}
