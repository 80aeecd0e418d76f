/** Matches a found study with the orders of its day. A person confirms: one patient may come twice on a day. */
import type { Order } from '#shared/protocol/worklist.ts';
import { spellingsOf } from '#shared/deid/text/fold.ts';
import type { FoundStudy } from './found-study.ts';

type Study = Pick<FoundStudy, 'patientId' | 'accessionNumber' | 'modalities'>;
type Person = Pick<FoundStudy, 'patientId' | 'patientName' | 'patientBirthDate'>;

export type Fit =
  | { readonly kind: 'none' }
  | { readonly kind: 'fits'; readonly orders: readonly Order[] }
  /** The study names the order's accession number, and another patient. */
  | { readonly kind: 'differs'; readonly order: Order };

/** `orders`: those of the study's day. */
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

/** By Patient ID alone: it finds the order, and no more. */
function isOfPatient({ patientId }: Pick<Study, 'patientId'>, order: Order): boolean {
  return patientId.trim() === order.patientId;
}

/**
 * Whether the order names the study's patient by everything that both of them know. An ID that was typed wrong, or
 * given to two people, fits as well: a person looks at both before the study gets the order's name.
 */
export function isSamePerson(study: Person, order: Order): boolean {
  const born = study.patientBirthDate;
  const ordered = order.birthDate?.replaceAll('-', '') ?? '';
  const isBornAlike = born === '' || ordered === '' || born === ordered;
  return isOfPatient(study, order) && isBornAlike && areNamesAlike(study.patientName, order.patientName);
}

/** In one of their writings (PS3.5 §6.2.1.1): a name that is not there says nothing. */
export function areNamesAlike(one: string, other: string): boolean {
  const ones = groupsOf(one);
  const others = groupsOf(other);
  if (ones.length === 0 || others.length === 0) return true;
  return ones.some((a) => others.some((b) => areWordsAlike(a, b) || areWordsAlike(b, a)));
}

/** Each word in its spellings. */
type Words = readonly ReadonlySet<string>[];

const groupsOf = (name: string): readonly Words[] =>
  name
    .split('=')
    .map(wordsOf)
    .filter((words) => words.length > 0);

const wordsOf = (group: string): Words =>
  (group.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).map((word) => new Set(spellingsOf(word)));

/** Every word of the shorter name is one of the other, or its initial. */
function areWordsAlike(few: Words, many: Words): boolean {
  return few.every((word) => many.some((other) => [...word].some((text) => isSpelt(text, other))));
}

const isSpelt = (text: string, other: ReadonlySet<string>): boolean =>
  other.has(text) ||
  [...other].some((word) => (text.length === 1 || word.length === 1) && word[0] === text[0]);
