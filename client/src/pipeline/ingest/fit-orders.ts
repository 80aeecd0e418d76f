/** Matches a found study with the orders of its day. A person confirms: one patient may come twice on a day. */
import type { Order } from '#shared/protocol/worklist.ts';
import type { FoundStudy } from './found-study.ts';

type Study = Pick<FoundStudy, 'patientId' | 'accessionNumber' | 'modalities'>;

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

/** By Patient ID alone: names are written in many ways, and numbers are not. */
export function isOfPatient({ patientId }: Pick<Study, 'patientId'>, order: Order): boolean {
  return patientId.trim() === order.patientId;
}
