/**
 * Decides what happens to one element in its context: applies the rule for its tag and VR, then adjusts it for the
 * sequence around the element and for a value that is not of the kind the rule expects.
 */
import { textReader } from '../dicom/character-sets.ts';
import type { DicomElement } from '../dicom/data-set.ts';
import { dictionaryEntry, dictionaryVR, isExpectedVR } from '../dicom/dictionary.ts';
import { SPECIFIC_CHARACTER_SET } from '../dicom/tags.ts';
import { isUid } from '../dicom/uid.ts';
import { characterSetsOf } from '../dicom/values.ts';
import { BIRTH_DATE_CONCEPTS, CODE_ATTRIBUTES, PATIENT_CONCEPTS } from './attribute-lists.ts';
import { isTemporal, shiftDates } from './dates.ts';
import { decision, orElse, type Decision, type Mode } from './decision.ts';
import { asciiOf } from './element-text.ts';
import { mayNameClass } from './kept-uids.ts';
import type { Prose } from './plan.ts';
import { PROSE, type DeidRules } from './rules.ts';
import { isTrustworthy } from './trustworthy-value.ts';

/** The position of an element in the header, with everything in its surroundings on which a decision depends. */
export interface Place {
  readonly mode: Mode;
  /** The path before the tag in the report: '' or '0040,a730[1]>'. */
  readonly path: string;
  /** The item is a code from a standard coding scheme. */
  readonly isStandardCode: boolean;
  /** The item states something about the patient that the table removes elsewhere. */
  readonly isPatientConcept: boolean;
  readonly patientKey: string | null;
  readonly characterSets: readonly string[];
}

const CODE_MEANING = 0x00080104;
/** PS3.3 §C.18.1 and C.18.8: the values of content items NUM and CODE. */
const MEASURED_VALUE_SEQUENCE = 0x0040a300;
const CONCEPT_CODE_SEQUENCE = 0x0040a168;
const GRAPHIC_DATA = 0x00700022;
const TEXT_VRS = new Set(['AE', 'AS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);
const VALUE_VRS = new Set(['DS', 'IS', 'OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);
/** DateTime, Date and Time: the attributes that hold the value of a temporal content item. */
const TEMPORAL_VALUES = new Set([0x0040a120, 0x0040a121, 0x0040a122]);
/**
 * The largest shift of a date (pseudonyms.ts), rounded up. A date that such a shift would move out of the calendar is
 * malformed.
 */
const FURTHEST_DAYS = 4000;
const DUMMY_INSIDE = decision('dummy', 'D', 'inside-sequence');
/** The meaning of a code of a local scheme is prose, written by whoever made the code. */
const LOCAL_MEANING = orElse(decision('clean-text', 'C', 'free-text'), decision('dummy', 'D', 'free-text'));

/** The decision for an element that is treated as having this `vr`. */
export function decideInPlace(element: DicomElement, vr: string, place: Place, rules: DeidRules): Decision {
  return fitting(element, vr, insideSequence(element.tag, vr, place, rules), place);
}

/** A content tree, or a sequence that is treated as one. */
export const isTree = (mode: Mode): boolean =>
  mode === 'structured' || mode === 'cleaned' || mode === 'descriptors';

/**
 * UN, or a VR that the standard does not give this tag, does not change what the attribute is: the dictionary's VR
 * applies.
 */
export function effectiveVR(element: DicomElement): string {
  const entry = dictionaryEntry(element.tag);
  if (entry === null) return element.items === null ? element.vr : 'SQ';
  if (entry.vr === element.vr) return element.vr;
  return element.vr !== 'UN' && isExpectedVR(element.tag, element.vr)
    ? element.vr
    : dictionaryVR(element.tag);
}

export function isEmpty(element: DicomElement): boolean {
  return element.items === null
    ? element.valueLength === 0 && element.fragments === null
    : element.items.length === 0;
}

/**
 * The decision for an element inside a sequence that is to be replaced ("the action is applicable to the Sequence and
 * all of its contents", E.1.1).
 */
function insideSequence(tag: number, vr: string, place: Place, rules: DeidRules): Decision {
  const decision = rules.decide(tag, vr);
  const { mode } = place;
  if (mode === 'plain') {
    const isCleaned = tag === CODE_MEANING && !place.isStandardCode && rules.cleansText;
    return isCleaned && decision.because === 'not-needed' ? LOCAL_MEANING : decision;
  }
  const dummy = DUMMY_INSIDE;
  if (decision.how === 'items') return itemsInside(tag, decision, place);
  // No option keeps Patient's Birth Date, so none keeps a birth date in a report.
  if (place.isPatientConcept && TEMPORAL_VALUES.has(tag)) return dummy;
  // Prose is handled below: cleaned or replaced, as the sequence demands.
  if (decision.because !== 'not-needed' && decision.because !== 'free-text') return decision;
  if (mode === 'graphics' && tag === GRAPHIC_DATA && !rules.cleansGraphics) return { ...dummy, how: 'zero' };
  if (mode === 'strict' && VALUE_VRS.has(vr)) return dummy;
  if (!TEXT_VRS.has(vr)) return decision;
  const isCode = isTree(mode) && CODE_ATTRIBUTES.has(tag);
  if (isCode && place.isStandardCode) return decision;
  // A code of a private scheme may name a ward or a person in a word that cannot be recognised here. The code of a
  // procedure only describes the procedure.
  const isOfTree =
    (mode === 'cleaned' && !isCode) ||
    mode === 'descriptors' ||
    (mode === 'graphics' && rules.cleansGraphics);
  const isCleaned = PROSE.has(vr) && !place.isPatientConcept && isOfTree;
  return isCleaned ? { ...dummy, how: 'clean-text', code: 'C', otherwise: dummy } : dummy;
}

function itemsInside(tag: number, decision: Decision, { mode, isPatientConcept }: Place): Decision {
  // Measured Value Sequence is Type 2 and may be empty; Concept Code Sequence must hold a code.
  if (isPatientConcept && tag === MEASURED_VALUE_SEQUENCE)
    return { ...DUMMY_INSIDE, how: 'empty', code: 'Z' };
  if (isPatientConcept && tag === CONCEPT_CODE_SEQUENCE)
    return { ...DUMMY_INSIDE, how: 'items', mode: 'strict' };
  const isPlain = decision.mode === 'plain' && decision.because === 'not-needed';
  return isPlain || mode === 'strict' ? { ...decision, mode } : decision;
}

/**
 * Control characters that PS3.5 §6.1.3 does not allow in text. ESC is allowed before decoding, but decoded text has
 * none.
 */
const FOREIGN_CONTROL = /[\0-\x08\x0b\x0e-\x1f\x7f-\x9f]/;

/** Placeholder for a replaced Specific Character Set. No repertoire has this name. */
const UNKNOWN_CHARACTER_SET = ['REMOVED'];

/**
 * The character sets that the result will name. A malformed Specific Character Set is replaced, so the text could not
 * be decoded afterwards and must not be cleaned now.
 */
export function characterSetsAfter(
  elements: readonly DicomElement[],
  inherited: readonly string[],
): readonly string[] {
  const named = elements.find(({ tag }) => tag === SPECIFIC_CHARACTER_SET);
  if (named && !isEmpty(named) && !isTrustworthy(named, 'CS')) return UNKNOWN_CHARACTER_SET;
  return characterSetsOf(elements, inherited);
}

/**
 * The value as prose to be cleaned. Null where it cannot be cleaned: it was not kept in memory, cannot be decoded or
 * is not text.
 */
export function proseOf({ bytes: padded }: DicomElement, { characterSets }: Place): Prose | null {
  if (padded === null) return null;
  const bytes = trimmed(padded);
  const reader = textReader(characterSets);
  // Every character set begins in ASCII.
  if (reader.known && bytes.every(isPlain)) return { bytes, characterSets };
  const pieces = reader.split(bytes);
  return pieces === null || pieces.some(({ text }) => FOREIGN_CONTROL.test(text))
    ? null
    : { bytes, characterSets };
}

/** ASCII without control characters other than TAB, LF, FF and CR. */
const isPlain = (byte: number): boolean =>
  (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === 0x0c;

/** The value without the padding at its end (PS3.5 §6.2). */
function trimmed(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0)) end -= 1;
  return bytes.subarray(0, end);
}

/** The decision, or its alternative where the value is not of the kind that the decision expects. */
export function fitting(element: DicomElement, vr: string, decision: Decision, place: Place): Decision {
  const malformed = (): Decision => forMalformed(element, vr, decision.otherwise);
  switch (decision.how) {
    case 'items':
      // A sequence that could not be parsed cannot be searched.
      return element.items === null && element.valueLength > 0
        ? { ...decision, how: 'remove', code: 'X', because: 'malformed' }
        : decision;
    case 'keep':
      return isTrustworthy(element, vr) && isClassOrOther(element, vr, decision) ? decision : malformed();
    case 'keep-uid':
      return asciiOf(element)
        .split('\\')
        .every((uid) => uid.trim() === '' || isUid(uid.trim()))
        ? decision
        : malformed();
    case 'keep-temporal':
      return isTemporal(vr, asciiOf(element)) ? decision : malformed();
    case 'shift-date':
      return shiftDates(vr as 'DA' | 'DT', asciiOf(element), -FURTHEST_DAYS) === null
        ? malformed()
        : decision;
    case 'cap-age':
      // PS3.5 §6.2 AS: nnnD, nnnW, nnnM or nnnY.
      return /^\d{3}[DWMY]$/.test(asciiOf(element)) ? decision : malformed();
    case 'clean-text':
      return proseOf(element, place) === null ? malformed() : decision;
    case 'dummy':
      // A sequence is removed, because it has no dummy.
      return vr === 'SQ' ? { ...decision, how: 'remove', code: 'X' } : decision;
    default:
      return decision;
  }
}

/** A UID that is kept as the UID of a class must have the form of one. */
function isClassOrOther(element: DicomElement, vr: string, { because }: Decision): boolean {
  return vr !== 'UI' || because !== 'not-needed' || asciiOf(element).split('\\').every(mayNameClass);
}

function forMalformed(element: DicomElement, vr: string, otherwise: Decision | null): Decision {
  if (otherwise !== null) return { ...otherwise, because: 'malformed' };
  if (vr === 'UI') return decision('uid', 'U', 'malformed');
  const isNumber = (vr === 'IS' || vr === 'DS') && element.bytes !== null;
  return decision(isNumber ? 'leading-number' : 'dummy', 'D', 'malformed');
}

/** The coding scheme and value that these elements hold (Code Sequence Macro, PS3.3 §8.8). */
export function codeOf(
  elements: readonly DicomElement[],
): { readonly scheme: string; readonly value: string } | null {
  // A scheme that is not a valid short string will be replaced, so it does not count as a standard scheme.
  const scheme = elements.find((element) => element.tag === 0x00080102 && isTrustworthy(element, 'SH'));
  const value = elements.find(({ tag }) => tag === 0x00080100);
  return scheme && value ? { scheme: asciiOf(scheme), value: asciiOf(value) } : null;
}

export function isPatientConcept(
  elements: readonly DicomElement[],
  { retainsPatientCharacteristics }: DeidRules,
): boolean {
  const name = elements.find(({ tag }) => tag === 0x0040a043)?.items?.[0];
  const code = name ? codeOf(name.elements) : null;
  const concept = `${code?.scheme} ${code?.value}`;
  return (
    PATIENT_CONCEPTS.has(concept) && (!retainsPatientCharacteristics || BIRTH_DATE_CONCEPTS.has(concept))
  );
}
