/**
 * Carries out a plan once its pseudonyms are known: computes the replacement of each value and the bytes of the new
 * Data Set. Kept values are written as they were encoded; long ones stay ranges of the source.
 */
import type {
  ByteRange,
  DicomElement,
  Encoding,
  InstanceIdentifiers,
  ParsedInstance,
} from '../dicom/data-set.ts';
import { textValue } from '../dicom/encode.ts';
import { ITEM, SEQUENCE_DELIMITATION } from '../dicom/element-header.ts';
import { parseUid } from '../dicom/uid.ts';
import type { ClearedValues } from './bytes/clear-bulk.ts';
import { DataSetWriter } from './data-set-writer.ts';
import type { Segment } from './segments.ts';
import { shiftDates } from './dates.ts';
import { dummyValue } from './dummies.ts';
import { isKeptUid } from './kept-uids.ts';
import type { PlannedElement } from './plan.ts';
import type { ResolvedPseudonyms } from './pseudonyms.ts';
import type { DeidRules } from './rules.ts';
import { AGE_CAP_YEARS, type TextCleaner } from './text/clean-text.ts';

/** The sources of replacement values. */
export interface Replacements {
  readonly pseudonyms: ResolvedPseudonyms;
  /** Whole days by which this patient's dates move; 0 if they were moved before. */
  readonly days: number;
  readonly text: TextCleaner;
}

const NO_BYTES = new Uint8Array();
/** The age cap in each unit. PS3.15 E.3.7 leaves the way of cleaning to us. */
const OLDEST: Readonly<Record<string, number>> = {
  Y: AGE_CAP_YEARS,
  M: AGE_CAP_YEARS * 12,
  W: AGE_CAP_YEARS * 52,
  D: AGE_CAP_YEARS * 365,
};

/** The value that replaces an element's own; null if the element is kept, is a sequence or is removed. */
export function replacementOf(
  planned: PlannedElement,
  { pseudonyms, days, text: cleaner }: Replacements,
): Uint8Array | null {
  const { how, vr, text, element, tag } = planned;
  switch (how) {
    case 'empty':
      return NO_BYTES;
    case 'dummy':
      return dummyValue(tag, vr, element?.bytes ?? null) ?? NO_BYTES;
    case 'zero':
      return new Uint8Array(element?.bytes?.length ?? 0);
    case 'uid':
      return textValue(
        'UI',
        ...text.split('\\').map((uid) => (isKeptUid(uid) ? uid.trim() : pseudonyms.uid(uid.trim()))),
      );
    case 'identifier':
      return textValue(vr, pseudonyms.identifier(text));
    case 'patient-id':
    case 'patient-name':
      return textValue(vr, pseudonyms.patient(text));
    case 'shift-date':
      return textValue(vr, shiftDates(vr as 'DA' | 'DT', text, days) ?? '');
    case 'cap-age':
      return textValue('AS', capAge(text));
    case 'leading-number':
      return textValue(
        vr,
        ...text.split('\\').map((value) => /^[+-]?\d+(\.\d+)?/.exec(value.trim())?.[0] ?? ''),
      );
    case 'clean-text':
      return (planned.prose && cleaner.clean(planned.prose, vr)) ?? dummyValue(tag, vr, null);
    case 'literal':
      return planned.literal;
    default:
      return null;
  }
}

/** PS3.5 §6.2 AS: three digits and D, W, M or Y. Some files give even ages of 90 years and more in months. */
function capAge(age: string): string {
  const limit = OLDEST[age.slice(3)] ?? 0;
  return Number(age.slice(0, 3)) >= limit ? `0${AGE_CAP_YEARS}Y` : age;
}

/** The Data Set that a plan produces. `cleared`: the kept values of which some bytes are cleared. */
export function rewritePlan(
  elements: readonly PlannedElement[],
  encoding: Encoding,
  replacements: Replacements,
  cleared: ClearedValues,
): Segment[] {
  const writer = new DataSetWriter();
  writeElements({ writer, replacements, cleared }, elements, encoding);
  return writer.finish();
}

type Writing = {
  readonly writer: DataSetWriter;
  readonly replacements: Replacements;
  readonly cleared: ClearedValues;
};

function writeElements(writing: Writing, elements: readonly PlannedElement[], encoding: Encoding): void {
  const { writer, replacements, cleared } = writing;
  for (const planned of elements) {
    if (planned.how === 'remove') continue;
    const replacement = replacementOf(planned, replacements);
    if (replacement !== null) writer.value(planned.tag, planned.vr, replacement, encoding);
    else if (planned.items !== null) writeItems(writing, planned, encoding);
    else if (planned.element !== null) writeKept(writer, planned.element, encoding, cleared);
  }
}

function writeItems(writing: Writing, planned: PlannedElement, encoding: Encoding): void {
  const { writer } = writing;
  const undefinedLength = planned.element?.undefinedLength ?? false;
  const sequence = writer.open(planned.tag, planned.vr, undefinedLength, encoding);
  // Items of a UN element, and their delimiter, are implicit VR little endian whatever the encoding around them (PS3.5
  // §6.2.2 notes 2 and 4).
  let inner = encoding;
  for (const { item, elements } of planned.items ?? []) {
    inner = item.encoding;
    const opened = writer.open(ITEM, '', item.undefinedLength, inner);
    writeElements(writing, elements, inner);
    writer.close(opened, ITEM, inner);
  }
  writer.close(sequence, planned.tag, undefinedLength ? inner : encoding);
}

/** Writes a kept element as it was encoded. A kept sequence without items has no bytes to copy. */
function writeKept(
  writer: DataSetWriter,
  element: DicomElement,
  encoding: Encoding,
  cleared: ClearedValues,
): void {
  const { tag, vr, bytes, valueOffset, valueLength } = element;
  const pieces = cleared.get(element)?.pieces;
  if (pieces !== undefined && element.undefinedLength) {
    writer.longOfUndefinedLength(tag, vr, pieces, encoding);
    writer.delimit(SEQUENCE_DELIMITATION, encoding);
  } else if (pieces !== undefined) writer.long(tag, vr, pieces, encoding);
  else if (element.undefinedLength) writeUndefinedLength(writer, element, encoding);
  else if (bytes !== null) writer.value(tag, vr, bytes, encoding);
  else writer.long(tag, vr, [{ offset: valueOffset, length: valueLength }], encoding);
}

function writeUndefinedLength(writer: DataSetWriter, element: DicomElement, encoding: Encoding): void {
  const range = wholeValue(element);
  writer.longOfUndefinedLength(element.tag, element.vr, [range], encoding);
  // Closes pixel data that the original never closed (warning 'missing-delimiter').
  if (range.length === element.valueLength) writer.delimit(SEQUENCE_DELIMITATION, encoding);
}

function wholeValue(element: DicomElement): ByteRange {
  return { offset: element.valueOffset, length: element.endOffset - element.valueOffset };
}

/** The UIDs that an instance has after its plan was carried out. */
export function rewrittenIdentifiers(
  { identifiers }: ParsedInstance,
  rules: DeidRules,
  pseudonyms: ResolvedPseudonyms,
): InstanceIdentifiers {
  const uid = (original: string) =>
    rules.options.includes('retain-uids') || isKeptUid(original) ? original : pseudonyms.uid(original);
  return {
    studyInstanceUID: parseUid('StudyInstanceUID', uid(identifiers.studyInstanceUID)),
    seriesInstanceUID: parseUid('SeriesInstanceUID', uid(identifiers.seriesInstanceUID)),
    sopInstanceUID: parseUid('SOPInstanceUID', uid(identifiers.sopInstanceUID)),
    sopClassUID: identifiers.sopClassUID,
  };
}
