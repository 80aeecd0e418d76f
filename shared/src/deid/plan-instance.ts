/**
 * Walks a header once and notes what is to be done with each element, and which pseudonyms that needs.
 * Nothing is computed or written here: `rewrite-plan.ts` carries the plan out, `residue.ts` compares it.
 */
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { isPrivate, tagName } from '../dicom/dictionary.ts';
import { STANDARD_CODING_SCHEMES, VOCABULARY_SEQUENCES } from './attribute-lists.ts';
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
import { asciiOf, patientKeyOf } from './element-text.ts';
import { isKeptUid } from './kept-uids.ts';
import { planned, type Plan, type PlannedElement, type PlannedItem } from './plan.ts';
import { areTooMany, createRequests, request, type PseudonymRequests } from './pseudonyms.ts';
import type { TagAction } from './report.ts';
import type { DeidRules } from './rules.ts';
import { safePrivateTags } from './safe-private.ts';

/** A place in the header, the rules, and the two lists that the walk fills. */
type Walk = {
  readonly instance: ParsedInstance;
  readonly rules: DeidRules;
  readonly requests: PseudonymRequests;
  readonly actions: TagAction[];
  readonly place: Place;
  /** How many bytes of prose are to be cleaned so far. */
  readonly prose: { bytes: number };
};

/**
 * Prose of one instance that is cleaned: the longest reports have some 64 KiB. Each byte is looked at some
 * two hundred times, and each character is an object of its own.
 */
export const PROSE_BYTES_LIMIT = 256 * 1024;

const SAFE_PRIVATE = decision('keep', 'K', 'safe-private');
const PRIVATE_REMOVED = decision('remove', 'X', 'private');
const PRIVATE_DATE_MOVED = orElse(decision('shift-date', 'C', 'safe-private'), PRIVATE_REMOVED);
const PRIVATE_DATE_KEPT = orElse(decision('keep-temporal', 'K', 'safe-private'), PRIVATE_REMOVED);

export function planInstance(instance: ParsedInstance, rules: DeidRules): Plan {
  const requests = createRequests();
  const actions: TagAction[] = [];
  const patientKey =
    patientKeyOf(instance.elements, instance) ?? `\0study\0${instance.identifiers.studyInstanceUID}`;
  request(requests.identifiers, patientKey);
  if (rules.dates === 'modified') requests.dayOffsets.add(patientKey);
  const place: Place = {
    mode: 'plain',
    path: '',
    isStandardCode: false,
    isPatientConcept: false,
    patientKey,
    characterSets: characterSetsAfter(instance.elements, []),
  };
  const walk: Walk = { instance, rules, requests, actions, place, prose: { bytes: 0 } };
  const elements = planElements(walk, instance.elements);
  return { elements, requests, patientKey, actions, isTooMuch: isTooMuch(walk) };
}

function isTooMuch({ requests, prose }: Walk): boolean {
  return areTooMany(requests) || prose.bytes > PROSE_BYTES_LIMIT;
}

function planElements(walk: Walk, elements: readonly DicomElement[]): PlannedElement[] {
  const { rules } = walk;
  const safePrivate = rules.retainsSafePrivate ? safePrivateTags(elements, rules.dates !== 'removed') : null;
  return elements.map((element) => {
    if (!isPrivate(element.tag) || safePrivate === null) return planElement(walk, element);
    const vr = safePrivate.dated.get(element.tag);
    if (vr !== undefined) return planPrivateDate(walk, element, vr);
    if (!safePrivate.kept.has(element.tag)) return planElement(walk, element);
    note(walk, element.tag, SAFE_PRIVATE);
    return planned(element, element.vr, 'keep');
  });
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
  // The plan is void: the rest of the header costs nothing more.
  if (isTooMuch(walk)) return planned(element, element.vr, 'remove');
  const vr = effectiveVR(element);
  const decided = decideInPlace(element, vr, walk.place, walk.rules);
  const isUnchanged =
    decided.how !== 'remove' &&
    decided.how !== 'patient-id' &&
    decided.how !== 'patient-name' &&
    isEmpty(element);
  if (isUnchanged) return planned(element, element.vr, 'keep');
  if (decided.because !== 'not-needed') note(walk, element.tag, decided);
  return carryOut(walk, element, vr, decided);
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
      return place.patientKey === null
        ? planned(element, vr, 'empty')
        : planned(element, vr, how, place.patientKey);
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
  const { instance, rules, requests, place } = walk;
  const inner = VOCABULARY_SEQUENCES.has(element.tag) && isTree(place.mode) ? 'plain' : mode;
  return (element.items ?? []).map((item, index) => {
    const patientKey = patientKeyOf(item.elements, instance);
    if (patientKey !== null) request(requests.identifiers, patientKey);
    const within: Place = {
      mode: inner,
      path: `${place.path}${tagName(element.tag)}[${index + 1}]>`,
      isStandardCode: isTree(inner) && STANDARD_CODING_SCHEMES.has(codeOf(item.elements)?.scheme ?? ''),
      isPatientConcept: isTree(inner) && isPatientConcept(item.elements, rules),
      patientKey,
      characterSets: characterSetsAfter(item.elements, place.characterSets),
    };
    return { item, elements: planElements({ ...walk, place: within }, item.elements) };
  });
}
