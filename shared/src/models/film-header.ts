/** Reads from the header how a film is oriented and what it is for. Returns only answers, no value of the header. */
import type { ParsedInstance } from '../dicom/data-set.ts';
import { findElement, textOf, textsOf } from '../dicom/values.ts';

const PRESENTATION_INTENT_TYPE = 0x00080068;
export const VIEW_POSITION = 0x00185101;
const PATIENT_ORIENTATION = 0x00200020;

/**
 * PS3.3 §C.8.11.1.1.1: "FOR PROCESSING" is a raw detector image, not prepared for viewing, and the models were not
 * trained on any.
 */
export function isForProcessing(instance: ParsedInstance): boolean {
  return (
    textOf(findElement(instance.elements, PRESENTATION_INTENT_TYPE), instance)?.toUpperCase() ===
    'FOR PROCESSING'
  );
}

/** PS3.3 §C.8.1.2: right or left lateral decubitus. Such a film lies on its side because the patient did. */
export function isDecubitus(instance: ParsedInstance): boolean {
  return /^[RL]LD$/i.test(textOf(findElement(instance.elements, VIEW_POSITION), instance) ?? '');
}

/**
 * PS3.3 §C.7.6.1.1.1: Patient Orientation gives the directions of rows and columns. Upright films have L\F, with the
 * patient's left on the picture's right; R\F means that the film is mirrored.
 */
export function isMirrored(instance: ParsedInstance): boolean {
  const [rows = '', columns = ''] = textsOf(findElement(instance.elements, PATIENT_ORIENTATION), instance);
  return /^R/i.test(rows) && /^F/i.test(columns);
}
