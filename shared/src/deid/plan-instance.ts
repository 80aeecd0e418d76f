/**
 * Walks a header once and notes what is to be done with each element and which pseudonyms that requires. Nothing is
 * computed or written here: `rewrite-plan.ts` carries out the plan, and `residue.ts` compares it with the instance.
 */
import type { DicomElement, DicomItem, ParsedInstance } from '../dicom/data-set.ts';
import { isPrivate, isPrivateCreator, tagName } from '../dicom/dictionary.ts';
import { findElement } from '../dicom/values.ts';
import { CONDITIONS, STANDARD_CODING_SCHEMES, VOCABULARY_SEQUENCES } from './attribute-lists.ts';
import { isShutterShape, withoutBitmapShutter, type WithoutBitmap } from './bitmap-shutter.ts';
import {
  characterSetsAfter,
  codeOf,
  decideInPlace,
  effectiveVR,
  fitting,
  isEmpty,
  isPatientConcept,
  isTree,
  type Place,
  proseOf,
} from './decide-in-place.ts';
import { decision, orElse, type Decision, type Mode } from './decision.ts';
import { asciiOf } from './element-text.ts';
import { isKeptUid } from './kept-uids.ts';
import { LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED } from './method-markers.ts';
import { patientOf } from './named-patients.ts';
import { patientKeyOf, studyKeyOf, type NamedPatient } from './patient-key.ts';
import { isOldAge } from './old-age.ts';
import { planned, plannedLiteral, type Plan, type PlannedElement, type PlannedItem } from './plan.ts';
import {
  areTooMany,
  createRequests,
  isIdentifierPseudonym,
  request,
  type PseudonymRequests,
} from './pseudonyms.ts';
import type { TagAction } from './report.ts';
import { PROSE, type DeidRules } from './rules.ts';
import { safePrivateTags } from './safe-private.ts';
import { SEARCH_STEPS_LIMIT } from './text/clean-text.ts';
import { holdsCuedName, holdsKnown, knownIn, type Known } from './text/hold-known-values.ts';
import type { Budget } from './text/search-sources.ts';

/** The current position in the header, the rules, and the two lists that the walk fills. */
type Walk = {
  readonly instance: ParsedInstance;
  readonly rules: DeidRules;
  readonly requests: PseudonymRequests;
  readonly actions: TagAction[];
  readonly place: Place;
  /** The patient of the instance. */
  readonly patient: NamedPatient;
  /** Bytes of prose to be cleaned so far. */
  readonly prose: { bytes: number };
  readonly known: Known;
  /** Budget for searching kept values for known values. */
  readonly budget: Budget;
};

/**
 * The most bytes of prose that are cleaned in one instance; the longest reports have some 64 KiB. Each byte is looked
 * at some two hundred times, and each character becomes an object.
 */
export const PROSE_BYTES_LIMIT = 256 * 1024;

const SHUTTER_REMOVED = decision('remove', 'X', 'overlay');
const SHUTTER_CLEANED = decision('literal', 'C', 'overlay');
const CONDITION_GONE = decision('remove', 'X', 'profile');
const SAFE_PRIVATE = decision('keep', 'K', 'safe-private');
const KNOWN_REPLACED = decision('dummy', 'D', 'known-value');
const KNOWN_CLEANED = orElse(decision('clean-text', 'C', 'known-value'), KNOWN_REPLACED);
const EMPTY_OF_PATIENT = decision('empty', 'Z', 'profile');
const PRIVATE_REMOVED = decision('remove', 'X', 'private');
const PRIVATE_DATE_MOVED = orElse(decision('shift-date', 'C', 'safe-private'), PRIVATE_REMOVED);
const PRIVATE_DATE_KEPT = orElse(decision('keep-temporal', 'K', 'safe-private'), PRIVATE_REMOVED);

export function planInstance(instance: ParsedInstance, rules: DeidRules): Plan {
  const actions: TagAction[] = [];
  const patient = patientOf(instance.elements, instance);
  const patientKey =
    patientKeyOf(patient, rules.patientDomain) ?? studyKeyOf(instance.identifiers.studyInstanceUID);
  const requests = createRequests(patientKey);
  const place: Place = {
    mode: 'plain',
    path: '',
    isStandardCode: false,
    isPatientConcept: false,
    patientKey,
    characterSets: characterSetsAfter(instance.elements, []),
  };
  const lacksIssuer = rules.patientDomain === 'id-and-issuer' && patient.id !== '' && patient.issuer === '';
  const known = knownIn(instance, rules, wereDatesMoved(instance, patient));
  if (known === null) return { elements: [], requests, lacksIssuer, actions, known };
  const budget = { left: SEARCH_STEPS_LIMIT };
  const walk: Walk = {
    instance,
    rules,
    requests,
    actions,
    place,
    patient,
    prose: { bytes: 0 },
    known,
    budget,
  };
  const elements = planElements(walk, instance.elements);
  return { elements, requests, lacksIssuer, actions, known: isTooMuch(walk) ? null : known };
}

/**
 * Whether the dates were moved before: the instance has our marker, and its Patient ID has the form of our pseudonyms
 * (`resolvePlan` verifies this with the key).
 */
function wereDatesMoved({ elements }: ParsedInstance, { id }: NamedPatient): boolean {
  const marker = findElement(elements, LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED);
  return marker !== null && asciiOf(marker) === 'MODIFIED' && isIdentifierPseudonym(id);
}

function isTooMuch({ requests, prose }: Walk): boolean {
  return areTooMany(requests) || prose.bytes > PROSE_BYTES_LIMIT;
}

function planElements(walk: Walk, elements: readonly DicomElement[]): PlannedElement[] {
  const { rules } = walk;
  const safePrivate = rules.retainsSafePrivate ? safePrivateTags(elements, rules.dates !== 'removed') : null;
  const shutter = withoutBitmapShutter(elements);
  return elements.map((element) => {
    if (lacksCondition(walk, element, elements)) {
      note(walk, element.tag, CONDITION_GONE);
      return planned(element, element.vr, 'remove');
    }
    const ofShutter = shutter && planShutter(walk, element, shutter);
    if (ofShutter) return ofShutter;
    if (!isPrivate(element.tag) || safePrivate === null) return planElement(walk, element);
    const vr = safePrivate.dated.get(element.tag);
    if (vr !== undefined) return planPrivateDate(walk, element, vr);
    if (!safePrivate.kept.has(element.tag)) return planElement(walk, element);
    const decided = isPrivateCreator(element.tag)
      ? SAFE_PRIVATE
      : withoutKnown(walk, element, effectiveVR(element), SAFE_PRIVATE);
    note(walk, element.tag, decided);
    return carryOut(walk, element, element.vr, decided);
  });
}

/** Whether the attribute on which this one is conditional has no value, or will have none. */
function lacksCondition({ rules }: Walk, { tag }: DicomElement, elements: readonly DicomElement[]): boolean {
  const condition = CONDITIONS.get(tag);
  const other = condition === undefined ? null : findElement(elements, condition);
  if (other === null) return false;
  const { how } = rules.decide(other.tag, effectiveVR(other));
  return how === 'remove' || how === 'empty' || isEmpty(other);
}

/** The plan for an element of the shutter. Null: the removed overlay does not affect it. */
function planShutter(
  walk: Walk,
  element: DicomElement,
  { removed, shape }: WithoutBitmap,
): PlannedElement | null {
  const { tag, vr } = element;
  if (removed.has(tag)) {
    note(walk, tag, SHUTTER_REMOVED);
    return planned(element, vr, 'remove');
  }
  if (!isShutterShape(tag) || shape === null) return null;
  note(walk, tag, SHUTTER_CLEANED);
  return plannedLiteral(element, tag, 'CS', shape);
}

function note({ actions, place }: Walk, tag: number, { code, because }: Decision): void {
  actions.push({ path: place.path + tagName(tag), action: code, because });
}

function planPrivateDate(walk: Walk, element: DicomElement, vr: 'DA' | 'DT'): PlannedElement {
  const asked = walk.rules.dates === 'modified' ? PRIVATE_DATE_MOVED : PRIVATE_DATE_KEPT;
  const decided = fitting(element, vr, asked, walk.place);
  note(walk, element.tag, decided);
  return carryOut(walk, element, vr, decided);
}

function planElement(walk: Walk, element: DicomElement): PlannedElement {
  // The plan will be refused, so the rest of the header is not processed.
  if (isTooMuch(walk)) return planned(element, element.vr, 'remove');
  const vr = effectiveVR(element);
  const decided = withPatient(
    walk.place,
    withoutKnown(walk, element, vr, decideInPlace(element, vr, walk.place, walk.rules)),
  );
  const isUnchanged =
    decided.how !== 'remove' &&
    decided.how !== 'patient-id' &&
    decided.how !== 'patient-name' &&
    isEmpty(element);
  if (isUnchanged) return planned(element, element.vr, 'keep');
  if (decided.because !== 'not-needed') note(walk, element.tag, decided);
  return carryOut(walk, element, vr, decided);
}

/** Without a patient key an item has no pseudonym. Its name and ID are emptied, and the report says so. */
function withPatient({ patientKey }: Place, decided: Decision): Decision {
  const isOfPatient = decided.how === 'patient-id' || decided.how === 'patient-name';
  return isOfPatient && patientKey === null ? EMPTY_OF_PATIENT : decided;
}

/** The decision; if it keeps a value that names somebody, a decision that does not. */
function withoutKnown(
  { known, budget, place, rules }: Walk,
  element: DicomElement,
  vr: string,
  decided: Decision,
): Decision {
  if (decided.how !== 'keep' && decided.how !== 'leading-number') return decided;
  const { characterSets } = place;
  const value = { element, vr, characterSets };
  const isNamed = decided.because === 'not-needed' && holdsCuedName(known, value);
  return isNamed || holdsKnown(known, value, budget)
    ? fitting(element, vr, rules.cleansText && PROSE.has(vr) ? KNOWN_CLEANED : KNOWN_REPLACED, place)
    : decided;
}

function carryOut(walk: Walk, element: DicomElement, vr: string, { how, mode }: Decision): PlannedElement {
  const { place, requests } = walk;
  switch (how) {
    case 'items':
      return {
        ...planned(element, element.vr === 'UN' ? 'UN' : 'SQ', 'items'),
        items: planItems(walk, element, mode),
      };
    case 'uid': {
      const text = asciiOf(element);
      for (const uid of text.split('\\')) if (!isKeptUid(uid)) request(requests.uids, uid.trim());
      return planned(element, 'UI', 'uid', text);
    }
    case 'identifier':
      request(requests.identifiers, asciiOf(element));
      return planned(element, vr, 'identifier', asciiOf(element));
    case 'patient-id':
    case 'patient-name':
      return planned(element, vr, how, place.patientKey ?? '');
    case 'keep':
    case 'keep-uid':
    case 'keep-temporal':
      return planned(element, element.vr, 'keep');
    case 'clean-text':
      walk.prose.bytes += element.bytes?.length ?? 0;
      return { ...planned(element, vr, how), prose: proseOf(element, place) };
    case 'shift-date':
    case 'cap-age':
    case 'leading-number':
      return planned(element, vr, how, asciiOf(element));
    default:
      return planned(element, vr, how);
  }
}

function planItems(walk: Walk, element: DicomElement, mode: Mode): PlannedItem[] {
  const { rules, requests, place } = walk;
  const inner = VOCABULARY_SEQUENCES.has(element.tag) && isTree(place.mode) ? 'plain' : mode;
  return (element.items ?? []).map((item, index) => {
    const patientKey = keyInItem(walk, item);
    if (patientKey !== null) request(requests.patients, patientKey);
    const within: Place = {
      mode: inner,
      path: `${place.path}${tagName(element.tag)}[${index + 1}]>`,
      isStandardCode:
        (rules.cleansText || isTree(inner)) &&
        STANDARD_CODING_SCHEMES.has(codeOf(item.elements)?.scheme ?? ''),
      isPatientConcept: isTree(inner) && (isPatientConcept(item.elements, rules) || isOldAge(item.elements)),
      patientKey,
      characterSets: characterSetsAfter(item.elements, place.characterSets),
    };
    return { item, elements: planElements({ ...walk, place: within }, item.elements) };
  });
}

/** A Patient ID in an item that names no issuer belongs to the issuer of the instance. */
function keyInItem({ instance, rules, patient }: Walk, { elements }: DicomItem): string | null {
  const { id, issuer } = patientOf(elements, instance);
  return patientKeyOf({ id, issuer: issuer || patient.issuer }, rules.patientDomain);
}
