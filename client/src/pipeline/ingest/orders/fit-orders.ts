/**
 * Matches a found study with the orders of its day. A person has to confirm the match, because a patient may come
 * twice on one day.
 */
import type { Order } from '#shared/protocol/worklist.ts';
import { spellingsOf } from '#shared/deid/text/fold.ts';
import type { FoundStudy } from '../found/found-study.ts';

type Study = Pick<FoundStudy, 'patientId' | 'accessionNumber' | 'modalities'>;
type Person = Pick<FoundStudy, 'patientId' | 'patientName' | 'patientBirthDate'>;

export type Fit =
  | { readonly kind: 'none' }
  | { readonly kind: 'fits'; readonly orders: readonly Order[] }
  /** The study has the order's accession number, but another patient. */
  | { readonly kind: 'differs'; readonly order: Order };

/** `orders`: the orders of the study's day. */
export function fitOrders(study: Study, orders: readonly Order[]): Fit {
  const accession = study.accessionNumber.trim();
  const numbered = accession === '' ? [] : orders.filter((order) => order.accessionNumber === accession);
  const other = numbered.find((order) => !isOfPatient(study, order));
  if (other !== undefined) return { kind: 'differs', order: other };
  if (numbered.length > 0) return { kind: 'fits', orders: numbered };
  const ofPatient = orders.filter((order) => isOfPatient(study, order));
  if (ofPatient.length === 0) return { kind: 'none' };
  const ofModality = ofPatient.filter(
    ({ modality }) => modality !== null && study.modalities.includes(modality),
  );
  return { kind: 'fits', orders: ofModality.length > 0 ? ofModality : ofPatient };
}

/** Compares only the Patient ID, which is enough to find the order but not to confirm it. */
function isOfPatient({ patientId }: Pick<Study, 'patientId'>, order: Order): boolean {
  return patientId.trim() === order.patientId;
}

/**
 * Whether the order and the study agree in everything that both know about the patient. A mistyped ID, or one that
 * was given to two people, may agree as well, so a person looks at both before the study gets the order's name.
 */
export function isSamePerson(study: Person, order: Order): boolean {
  const born = study.patientBirthDate;
  const ordered = order.birthDate?.replaceAll('-', '') ?? '';
  const isBornAlike = born === '' || ordered === '' || born === ordered;
  return isOfPatient(study, order) && isBornAlike && areNamesAlike(study.patientName, order.patientName);
}

/** Whether the names agree in one of their representations (PS3.5 §6.2.1.1). A missing name proves nothing. */
export function areNamesAlike(one: string, other: string): boolean {
  const ones = groupsOf(one);
  const others = groupsOf(other);
  if (ones.length === 0 || others.length === 0) return true;
  return ones.some((a) => others.some((b) => areWordsAlike(a, b) || areWordsAlike(b, a)));
}

/** Each word of a name with its alternative spellings. */
type Words = readonly ReadonlySet<string>[];

const groupsOf = (name: string): readonly Words[] =>
  name
    .split('=')
    .map(wordsOf)
    .filter((words) => words.length > 0);

const wordsOf = (group: string): Words =>
  (group.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).map((word) => new Set(spellingsOf(word)));

/** Whether every word of the shorter name occurs in the other one, in full or as its initial. */
function areWordsAlike(few: Words, many: Words): boolean {
  return few.every((word) => many.some((other) => [...word].some((text) => isSpelt(text, other))));
}

const isSpelt = (text: string, other: ReadonlySet<string>): boolean =>
  other.has(text) ||
  [...other].some((word) => (text.length === 1 || word.length === 1) && word[0] === text[0]);
