/**
 * Describes an instance for display: decoded text and plain numbers. A description contains identifying values, so it
 * stays in the memory of the device and is never logged or sent.
 */
import type { DicomElement, ParsedInstance } from './data-set.ts';
import {
  ACCESSION_NUMBER,
  BODY_PART_EXAMINED,
  COLUMNS,
  FLOAT_PIXEL_DATA,
  INSTANCE_NUMBER,
  MANUFACTURER,
  MODALITY,
  NUMBER_OF_FRAMES,
  PATIENT_BIRTH_DATE,
  PATIENT_ID,
  PATIENT_NAME,
  PATIENT_SEX,
  PIXEL_DATA,
  ROWS,
  SERIES_DESCRIPTION,
  SERIES_NUMBER,
  STUDY_DATE,
  STUDY_DESCRIPTION,
  STUDY_TIME,
} from './tags.ts';
import { findElement, numberOf, textOf } from './values.ts';
import type { ValueContext } from './values.ts';

/** Texts are null if the element is absent or empty. */
export interface InstanceDescription {
  /** `Family^Given^Middle^Prefix^Suffix` (PS3.5 §6.2.1) as written: the first component group that is not empty. */
  readonly patientName: string | null;
  readonly patientId: string | null;
  /** ISO 8601, `YYYY-MM-DD`; null if the value is not a date. */
  readonly patientBirthDate: string | null;
  readonly patientSex: string | null;
  readonly accessionNumber: string | null;
  /** ISO 8601, `YYYY-MM-DD`. */
  readonly studyDate: string | null;
  /** `HH:MM`. */
  readonly studyTime: string | null;
  readonly studyDescription: string | null;
  readonly modality: string | null;
  readonly manufacturer: string | null;
  readonly seriesDescription: string | null;
  readonly seriesNumber: number | null;
  readonly bodyPart: string | null;
  readonly instanceNumber: number | null;
  readonly rows: number | null;
  readonly columns: number | null;
  /** 1 if Number of Frames is absent. */
  readonly frames: number;
  readonly hasPixelData: boolean;
}

export function describeInstance(instance: ParsedInstance): InstanceDescription {
  return describeElements(instance.elements, instance);
}

/** Describes the elements of one level: those of a Data Set, or of a record in a disc's index. */
export function describeElements(
  elements: readonly DicomElement[],
  context: ValueContext,
): InstanceDescription {
  const text = (tag: number): string | null => textOf(findElement(elements, tag), context);
  const number = (tag: number): number | null => numberOf(findElement(elements, tag), context);
  const name = text(PATIENT_NAME);
  return {
    patientName: name?.split('=').find((group) => group !== '') ?? null,
    patientId: text(PATIENT_ID),
    patientBirthDate: isoDate(text(PATIENT_BIRTH_DATE)),
    patientSex: text(PATIENT_SEX),
    accessionNumber: text(ACCESSION_NUMBER),
    studyDate: isoDate(text(STUDY_DATE)),
    studyTime: clockTime(text(STUDY_TIME)),
    studyDescription: text(STUDY_DESCRIPTION),
    modality: text(MODALITY),
    manufacturer: text(MANUFACTURER),
    seriesDescription: text(SERIES_DESCRIPTION),
    seriesNumber: number(SERIES_NUMBER),
    bodyPart: text(BODY_PART_EXAMINED),
    instanceNumber: number(INSTANCE_NUMBER),
    rows: number(ROWS),
    columns: number(COLUMNS),
    frames: Math.max(1, number(NUMBER_OF_FRAMES) ?? 1),
    hasPixelData: elements.some(({ tag }) => tag >= FLOAT_PIXEL_DATA && tag <= PIXEL_DATA),
  };
}

function isoDate(text: string | null): string | null {
  const parts = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text ?? '');
  return parts ? `${parts[1]}-${parts[2]}-${parts[3]}` : null;
}

function clockTime(text: string | null): string | null {
  const parts = /^(\d{2}):?(\d{2})/.exec(text ?? '');
  return parts ? `${parts[1]}:${parts[2]}` : null;
}
