/**
 * Walks a header once and notes what is to be done with each element, and which pseudonyms that needs.
 * Nothing is computed or written here: the plan is resolved and rewritten by `rewrite-plan.ts`, and compared
 * by `residue.ts`.
 */
import { textReader, type TextPiece } from '../dicom/character-sets.ts';
import type { DicomElement, DicomItem, ParsedInstance } from '../dicom/data-set.ts';
import { dictionaryEntry, dictionaryVR, isExpectedVR, isPrivate, tagName } from '../dicom/dictionary.ts';
import { SPECIFIC_CHARACTER_SET } from '../dicom/tags.ts';
import { isUid } from '../dicom/uid.ts';
import { characterSetsOf } from '../dicom/values.ts';
import {
  BIRTH_DATE_CONCEPTS,
  CODE_ATTRIBUTES,
  PATIENT_CONCEPTS,
  STANDARD_CODING_SCHEMES,
  VOCABULARY_SEQUENCES,
} from './attribute-lists.ts';
import { isTemporal, shiftDates } from './dates.ts';
import { asciiOf, patientKeyOf } from './element-text.ts';
import { createRequests } from './pseudonyms.ts';
import type { PseudonymRequests } from './pseudonyms.ts';
import type { TagAction } from './report.ts';
import { PROSE, type Because, type Decision, type DeidRules, type How, type Mode } from './rules.ts';
import { safePrivateTags } from './safe-private.ts';
import { isTrustworthy } from './trustworthy-value.ts';

export interface PlannedItem {
  readonly item: DicomItem;
  readonly elements: readonly PlannedElement[];
}

/** One element of the output, in its place; `remove` ones stand here too, for whoever compares. */
export interface PlannedElement {
  readonly tag: number;
  /** The VR that is written. */
  readonly vr: string;
  readonly how: How;
  /** Null: not in the original. */
  readonly element: DicomElement | null;
  /** What `how` works on: UIDs, a date, the key of a patient. */
  readonly text: string;
  /** For `clean-text`. */
  readonly prose: Prose | null;
  /** For `literal`. */
  readonly literal: Uint8Array | null;
  /** For `items`. */
  readonly items: readonly PlannedItem[] | null;
}

/** Text to be cleaned, by characters. */
export interface Prose {
  readonly pieces: readonly TextPiece[];
  readonly characterSets: readonly string[];
}

export interface Plan {
  readonly elements: PlannedElement[];
  readonly requests: PseudonymRequests;
  /** The patient as `PseudonymRequests.identifiers` knows them. */
  readonly patientKey: string;
  readonly actions: TagAction[];
}

/** Where the walk is. */
interface Place {
  readonly mode: Mode;
  /** In front of a tag in the report: '' or '0040,a730[1]>'. */
  readonly path: string;
  /** The item is a code of a scheme of the standard. */
  readonly isStandardCode: boolean;
  /** The item says something of the patient that the table removes elsewhere. */
  readonly isPatientConcept: boolean;
  readonly patientKey: string | null;
  readonly characterSets: readonly string[];
}

/** PS3.3 §C.18.1 and C.18.8: the values of content items NUM and CODE. */
const MEASURED_VALUE_SEQUENCE = 0x0040a300;
const CONCEPT_CODE_SEQUENCE = 0x0040a168;
const GRAPHIC_DATA = 0x00700022;
const TEXT_VRS = new Set(['AE', 'AS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);
const VALUE_VRS = new Set(['DS', 'IS', 'OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);
/** DateTime, Date and Time: the values of content items that hold one. */
const TEMPORAL_VALUES = new Set([0x0040a120, 0x0040a121, 0x0040a122]);
/** The root of the standard's own UIDs (PS3.6 Annex A). */
const WELL_KNOWN = '1.2.840.10008.';
/**
 * Furthest that a date moves (pseudonyms.ts), rounded up: what falls out of the calendar then is no date to
 * keep.
 */
const FURTHEST_DAYS = 4000;

export function planInstance(instance: ParsedInstance, rules: DeidRules): Plan {
  const requests = createRequests();
  const actions: TagAction[] = [];
  const patientKey =
    patientKeyOf(instance.elements, instance) ?? `\0study\0${instance.identifiers.studyInstanceUID}`;
  requests.identifiers.add(patientKey);
  if (rules.dates === 'modified') requests.dayOffsets.add(patientKey);
  const walk = createWalk(instance, rules, requests, actions);
  const top: Place = {
    mode: 'plain',
    path: '',
    isStandardCode: false,
    isPatientConcept: false,
    patientKey,
    characterSets: characterSetsAfter(instance.elements, []),
  };
  return { elements: walk(instance.elements, top), requests, patientKey, actions };
}

function createWalk(
  instance: ParsedInstance,
  rules: DeidRules,
  requests: PseudonymRequests,
  actions: TagAction[],
) {
  const note = (place: Place, tag: number, action: TagAction['action'], because: Because) =>
    actions.push({ path: place.path + tagName(tag), action, because });

  function walk(elements: readonly DicomElement[], place: Place): PlannedElement[] {
    const safePrivate = rules.retainsSafePrivate
      ? safePrivateTags(elements, rules.dates !== 'removed')
      : null;
    return elements.map((element) => {
      if (!isPrivate(element.tag) || safePrivate === null) return planElement(element, place);
      const vr = safePrivate.dated.get(element.tag);
      if (vr !== undefined) return planPrivateDate(element, vr, place);
      if (!safePrivate.kept.has(element.tag)) return planElement(element, place);
      note(place, element.tag, 'K', 'safe-private');
      return planned(element, element.vr, 'keep');
    });
  }

  function planPrivateDate(element: DicomElement, vr: 'DA' | 'DT', place: Place): PlannedElement {
    const removed: Decision = {
      how: 'remove',
      code: 'X',
      because: 'private',
      mode: 'plain',
      otherwise: null,
    };
    const isMoved = rules.dates === 'modified';
    const decision = fitting(
      element,
      vr,
      {
        ...removed,
        how: isMoved ? 'shift-date' : 'keep-temporal',
        code: isMoved ? 'C' : 'K',
        because: 'safe-private',
        otherwise: removed,
      },
      place,
    );
    note(place, element.tag, decision.code, decision.because);
    return carryOut(element, vr, decision, place);
  }

  function planElement(element: DicomElement, place: Place): PlannedElement {
    const vr = effectiveVR(element);
    let decision = insideSequence(element.tag, vr, rules.decide(element.tag, vr), place, rules);
    decision = fitting(element, vr, decision, place);
    const isUnchanged =
      decision.how !== 'remove' &&
      decision.how !== 'patient-id' &&
      decision.how !== 'patient-name' &&
      isEmpty(element);
    if (isUnchanged) return planned(element, element.vr, 'keep');
    if (decision.because !== 'not-needed') note(place, element.tag, decision.code, decision.because);
    return carryOut(element, vr, decision, place);
  }

  function carryOut(
    element: DicomElement,
    vr: string,
    { how, mode }: Decision,
    place: Place,
  ): PlannedElement {
    switch (how) {
      case 'items':
        return planned(
          element,
          element.vr === 'UN' ? 'UN' : 'SQ',
          'items',
          '',
          walkItems(element, mode, place),
        );
      case 'uid': {
        const text = asciiOf(element);
        for (const uid of text.split('\\')) if (!isKeptUid(uid)) requests.uids.add(uid.trim());
        return planned(element, 'UI', 'uid', text);
      }
      case 'identifier':
        requests.identifiers.add(asciiOf(element));
        return planned(element, vr, 'identifier', asciiOf(element));
      case 'patient-id':
      case 'patient-name':
        return place.patientKey === null
          ? planned(element, vr, 'empty')
          : planned(element, vr, how, place.patientKey);
      case 'keep':
      case 'keep-uid':
      case 'keep-temporal':
        return planned(element, element.vr, 'keep');
      case 'clean-text':
        return { ...planned(element, vr, how), prose: proseOf(element, place) };
      case 'shift-date':
      case 'cap-age':
      case 'leading-number':
        return planned(element, vr, how, asciiOf(element));
      default:
        return planned(element, vr, how);
    }
  }

  function walkItems(element: DicomElement, mode: Mode, place: Place): PlannedItem[] {
    const inner = VOCABULARY_SEQUENCES.has(element.tag) && isTree(place.mode) ? 'plain' : mode;
    return (element.items ?? []).map((item, index) => {
      const patientKey = patientKeyOf(item.elements, instance);
      if (patientKey !== null) requests.identifiers.add(patientKey);
      const within: Place = {
        mode: inner,
        path: `${place.path}${tagName(element.tag)}[${index + 1}]>`,
        isStandardCode: isTree(inner) && STANDARD_CODING_SCHEMES.has(codeOf(item.elements)?.scheme ?? ''),
        isPatientConcept: isTree(inner) && isPatientConcept(item.elements, rules),
        patientKey,
        characterSets: characterSetsAfter(item.elements, place.characterSets),
      };
      return { item, elements: walk(item.elements, within) };
    });
  }

  return walk;
}

function planned(
  element: DicomElement | null,
  vr: string,
  how: How,
  text = '',
  items: readonly PlannedItem[] | null = null,
  tag = element?.tag ?? 0,
): PlannedElement {
  return { tag, vr, how, element, text, prose: null, literal: null, items };
}

/** A content tree, or what is treated as one. */
const isTree = (mode: Mode): boolean => mode === 'structured' || mode === 'cleaned' || mode === 'descriptors';

/** An element that the de-identifier adds or sets, as the bytes of its value. */
export function plannedLiteral(
  element: DicomElement | null,
  tag: number,
  vr: string,
  literal: Uint8Array,
): PlannedElement {
  return { tag, vr, how: 'literal', element, text: '', prose: null, literal, items: null };
}

/** A pseudonym that is not in the original: two patients without a Patient ID must not become one. */
export function plannedPatient(
  tag: number,
  how: 'patient-id' | 'patient-name',
  patientKey: string,
): PlannedElement {
  return planned(null, how === 'patient-id' ? 'LO' : 'PN', how, patientKey, null, tag);
}

/**
 * "Treated by the dictionary's VR": UN, and a VR that is not the standard's for this tag, do not change what
 * an attribute is.
 */
function effectiveVR(element: DicomElement): string {
  if (!dictionaryEntry(element.tag)) return element.items === null ? element.vr : 'SQ';
  return element.vr !== 'UN' && isExpectedVR(element.tag, element.vr)
    ? element.vr
    : dictionaryVR(element.tag);
}

function isEmpty(element: DicomElement): boolean {
  return element.items === null
    ? element.valueLength === 0 && element.fragments === null
    : element.items.length === 0;
}

/**
 * True for what `uid` leaves alone: empty values of a list, and what the standard itself registers (PS3.6
 * Annex A).
 */
export function isKeptUid(value: string): boolean {
  const uid = value.trim();
  return uid === '' || (uid.startsWith(WELL_KNOWN) && isUid(uid));
}

/**
 * The decision inside a sequence that is to be replaced ("the action is applicable to the Sequence and all of
 * its contents", E.1.1).
 */
function insideSequence(
  tag: number,
  vr: string,
  decision: Decision,
  place: Place,
  rules: DeidRules,
): Decision {
  const { mode } = place;
  if (mode === 'plain') return decision;
  const dummy: Decision = {
    how: 'dummy',
    code: 'D',
    because: 'inside-sequence',
    mode: 'plain',
    otherwise: null,
  };
  if (decision.how === 'items') {
    // Measured Value Sequence is Type 2 and may be empty; Concept Code Sequence must hold a code.
    if (place.isPatientConcept && tag === MEASURED_VALUE_SEQUENCE)
      return { ...dummy, how: 'empty', code: 'Z' };
    if (place.isPatientConcept && tag === CONCEPT_CODE_SEQUENCE)
      return { ...dummy, how: 'items', mode: 'strict' };
    const isPlain = decision.mode === 'plain' && decision.because === 'not-needed';
    return isPlain || mode === 'strict' ? { ...decision, mode } : decision;
  }
  // Patient's Birth Date has no option that keeps it; nor has the birth date in a report.
  if (place.isPatientConcept && TEMPORAL_VALUES.has(tag)) return dummy;
  // Prose is treated below as the sequence asks: kept in other words, or not at all.
  if (decision.because !== 'not-needed' && decision.because !== 'free-text') return decision;
  if (mode === 'graphics' && tag === GRAPHIC_DATA && !rules.cleansGraphics) return { ...dummy, how: 'zero' };
  if (mode === 'strict' && VALUE_VRS.has(vr)) return dummy;
  if (!TEXT_VRS.has(vr)) return decision;
  const isCode = isTree(mode) && CODE_ATTRIBUTES.has(tag);
  if (isCode && place.isStandardCode) return decision;
  // A code of a scheme of one's own may name a ward or a person in a word that nothing here knows; that of a
  // procedure describes it.
  const isOfTree =
    (mode === 'cleaned' && !isCode) ||
    mode === 'descriptors' ||
    (mode === 'graphics' && rules.cleansGraphics);
  const isCleaned = PROSE.has(vr) && !place.isPatientConcept && isOfTree;
  return isCleaned ? { ...dummy, how: 'clean-text', code: 'C', otherwise: dummy } : dummy;
}

/**
 * PS3.5 §6.1.3: of the control characters text has these, and escapes, which are no characters once it is
 * decoded.
 */
const FOREIGN_CONTROL = /[\0-\x08\x0b\x0e-\x1f\x7f-\x9f]/;

/** No repertoire has the name that stands for one that was replaced. */
const UNKNOWN_CHARACTER_SET = ['REMOVED'];

/**
 * As the result says: a Specific Character Set that is none by its VR is replaced, and what nobody can decode
 * afterwards is not cleaned now.
 */
function characterSetsAfter(
  elements: readonly DicomElement[],
  inherited: readonly string[],
): readonly string[] {
  const named = elements.find(({ tag }) => tag === SPECIFIC_CHARACTER_SET);
  if (named && !isEmpty(named) && !isTrustworthy(named, 'CS')) return UNKNOWN_CHARACTER_SET;
  return characterSetsOf(elements, inherited);
}

/**
 * Null where the value was not kept, cannot be decoded or is no text: what cannot be read cannot be cleaned.
 */
function proseOf({ bytes }: DicomElement, { characterSets }: Place): Prose | null {
  const pieces = bytes && textReader(characterSets).split(trimmed(bytes));
  return pieces === null || pieces.some(({ text }) => FOREIGN_CONTROL.test(text))
    ? null
    : { pieces, characterSets };
}

/** Without the padding at the end (PS3.5 §6.2). */
function trimmed(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0)) end -= 1;
  return bytes.subarray(0, end);
}

/** Where the value is not what the decision expects of it, what is done instead. */
function fitting(element: DicomElement, vr: string, decision: Decision, place: Place): Decision {
  const malformed = (otherwise: Decision | null): Decision => {
    if (otherwise !== null) return { ...otherwise, because: 'malformed' };
    const how: How =
      vr === 'UI'
        ? 'uid'
        : (vr === 'IS' || vr === 'DS') && element.bytes !== null
          ? 'leading-number'
          : 'dummy';
    return { how, code: how === 'uid' ? 'U' : 'D', because: 'malformed', mode: 'plain', otherwise: null };
  };
  switch (decision.how) {
    case 'items':
      // A sequence that could not be read as one cannot be looked into.
      return element.items === null && element.valueLength > 0
        ? { ...decision, how: 'remove', code: 'X', because: 'malformed' }
        : decision;
    case 'keep':
      return isTrustworthy(element, vr) ? decision : malformed(decision.otherwise);
    case 'keep-uid':
      return asciiOf(element)
        .split('\\')
        .every((uid) => uid.trim() === '' || isUid(uid.trim()))
        ? decision
        : malformed(decision.otherwise);
    case 'keep-temporal':
      return isTemporal(vr, asciiOf(element)) ? decision : malformed(decision.otherwise);
    case 'shift-date':
      return shiftDates(vr as 'DA' | 'DT', asciiOf(element), -FURTHEST_DAYS) === null
        ? malformed(decision.otherwise)
        : decision;
    case 'cap-age':
      // PS3.5 §6.2 AS: nnnD, nnnW, nnnM or nnnY.
      return /^\d{3}[DWMY]$/.test(asciiOf(element)) ? decision : malformed(decision.otherwise);
    case 'clean-text':
      return proseOf(element, place) === null ? malformed(decision.otherwise) : decision;
    case 'dummy':
      // No dummy fits a value that must not be there at all: a sequence or fragments where a plain value
      // belongs.
      return vr === 'SQ' ? { ...decision, how: 'remove', code: 'X' } : decision;
    default:
      return decision;
  }
}

/** Value and scheme of the first code that these elements are (Code Sequence Macro, PS3.3 §8.8). */
function codeOf(
  elements: readonly DicomElement[],
): { readonly scheme: string; readonly value: string } | null {
  // What is not a short string by its VR is replaced, and is a code of nobody's then.
  const scheme = elements.find((element) => element.tag === 0x00080102 && isTrustworthy(element, 'SH'));
  const value = elements.find(({ tag }) => tag === 0x00080100);
  return scheme && value ? { scheme: asciiOf(scheme), value: asciiOf(value) } : null;
}

function isPatientConcept(
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
