/**
 * The identifiers of an order on an instance that is sent under `identified` (IHE Scheduled Workflow, RAD TF-2 §4.8:
 * the acquisition takes over what was scheduled). The UIDs stay: they are the modality's.
 */
import type { ParsedInstance } from '../dicom/data-set.ts';
import type { Modification, NewAttribute } from '../dicom/original-attributes.ts';
import {
  ACCESSION_NUMBER,
  PATIENT_BIRTH_DATE,
  PATIENT_ID,
  PATIENT_NAME,
  PATIENT_SEX,
  STUDY_DESCRIPTION,
} from '../dicom/tags.ts';
import { findElement, textOf } from '../dicom/values.ts';
import { coerceInstance } from '../deid/coerce-instance.ts';
import type { Segment } from '../deid/segments.ts';
import type { Order } from '../protocol/worklist.ts';

/** `chosenAt`: fixed once for a study and its order, so that the same file gives the same bytes. */
export type ChosenOrder = { readonly order: Order; readonly chosenAt: string };

/** Ranges are of `instance.dataSet`. */
type Ordered = { readonly kind: 'ordered'; readonly segments: readonly Segment[] };
type Refused = { readonly kind: 'refused'; readonly because: 'order-not-writable' };

const ISSUER_OF_PATIENT_ID = 0x00100021;
const ISSUER_QUALIFIERS = 0x00100024;
const INSTITUTION_NAME = 0x00080080;
const REQUEST_ATTRIBUTES_SEQUENCE = 0x00400275;
const STEP_ID = 0x00400009;
const PROCEDURE_ID = 0x00401001;

/** Null: the instance says already what was ordered. Rejects only where reading the source does. */
export async function applyOrder(
  instance: ParsedInstance,
  { order, chosenAt }: ChosenOrder,
): Promise<Ordered | Refused | null> {
  const modification: Modification = {
    at: new Date(chosenAt),
    reason: 'COERCE',
    system: 'RelayPACS',
    source: sourceOf(instance),
  };
  const outcome = await coerceInstance(instance, attributesOf(order), modification);
  if (outcome.kind === 'unchanged') return null;
  if (outcome.kind === 'not-writable') return { kind: 'refused', because: 'order-not-writable' };
  return { kind: 'ordered', segments: outcome.segments };
}

/** "The source that provided the SOP Instance prior to modification": ASCII, as far as it is known. */
function sourceOf(instance: ParsedInstance): string {
  const institution = textOf(findElement(instance.elements, INSTITUTION_NAME), instance) ?? '';
  return /^[\x20-\x7e]{1,64}$/.test(institution) ? institution : '';
}

/** An order that says nothing of an attribute leaves it, but for the issuer: that of another number would be wrong. */
function attributesOf(order: Order): readonly NewAttribute[] {
  const { patientId, issuer, birthDate, procedureId, stepId } = order;
  const said = (tag: number, vr: string, value: string | null): readonly NewAttribute[] =>
    value === null ? [] : [[tag, vr, value]];
  const request = [...said(STEP_ID, 'SH', stepId), ...said(PROCEDURE_ID, 'SH', procedureId)];
  return [
    [PATIENT_NAME, 'PN', order.patientName],
    [PATIENT_ID, 'LO', patientId],
    issuer === null ? [ISSUER_OF_PATIENT_ID, 'LO'] : [ISSUER_OF_PATIENT_ID, 'LO', issuer],
    [ISSUER_QUALIFIERS, 'SQ'],
    ...said(PATIENT_BIRTH_DATE, 'DA', birthDate?.replaceAll('-', '') ?? null),
    ...said(PATIENT_SEX, 'CS', order.sex),
    ...said(ACCESSION_NUMBER, 'SH', order.accessionNumber),
    ...said(STUDY_DESCRIPTION, 'LO', order.description),
    ...(request.length === 0 ? [] : [[REQUEST_ATTRIBUTES_SEQUENCE, 'SQ', request] as const]),
  ];
}
