/**
 * Writes the identifiers of an order into an instance that is sent under `identified` (IHE Scheduled Workflow, RAD TF-2
 * §4.8: the acquisition takes over what was scheduled). The UIDs stay as the modality made them.
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

/** `chosenAt`: set once per study and order, so that the same file always gives the same bytes. */
export type ChosenOrder = { readonly order: Order; readonly chosenAt: string };

/** Ranges refer to `instance.dataSet`. */
type Ordered = { readonly kind: 'ordered'; readonly segments: readonly Segment[] };
type Refused = { readonly kind: 'refused'; readonly because: 'order-not-writable' };

const ISSUER_OF_PATIENT_ID = 0x00100021;
const ISSUER_QUALIFIERS = 0x00100024;
/** Attributes that, besides birth date and sex, identify the patient that the file named before. */
const OF_PATIENT_BEFORE: readonly NewAttribute[] = [
  [0x00100032, 'TM'], // Patient's Birth Time
  [0x00101000, 'LO'], // Other Patient IDs
  [0x00101001, 'PN'], // Other Patient Names
  [0x00101002, 'SQ'], // Other Patient IDs Sequence
  [0x00101005, 'PN'], // Patient's Birth Name
];
const INSTITUTION_NAME = 0x00080080;
const REQUEST_ATTRIBUTES_SEQUENCE = 0x00400275;
const STEP_ID = 0x00400009;
const PROCEDURE_ID = 0x00401001;

/** Null: the instance already has the values of the order. Rejects only if reading the source does. */
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
  const outcome = await coerceInstance(
    instance,
    attributesOf(order, isOfOther(instance, order)),
    modification,
  );
  if (outcome.kind === 'unchanged') return null;
  if (outcome.kind === 'not-writable') return { kind: 'refused', because: 'order-not-writable' };
  return { kind: 'ordered', segments: outcome.segments };
}

/** "The source that provided the SOP Instance prior to modification", in ASCII; empty if not known. */
function sourceOf(instance: ParsedInstance): string {
  const institution = textOf(findElement(instance.elements, INSTITUTION_NAME), instance) ?? '';
  return /^[\x20-\x7e]{1,64}$/.test(institution) ? institution : '';
}

/** Whether the instance names another patient than the order. */
function isOfOther(instance: ParsedInstance, { patientId }: Order): boolean {
  const before = textOf(findElement(instance.elements, PATIENT_ID), instance)?.trim() ?? '';
  return before !== '' && before !== patientId;
}

/**
 * The attributes to set. An attribute that the order does not give stays unchanged, except for the issuer, which would
 * be wrong beside another number. If the instance named another patient, nothing about that patient stays.
 */
function attributesOf(order: Order, isOther: boolean): readonly NewAttribute[] {
  const { patientId, issuer, birthDate, procedureId, stepId } = order;
  const said = (tag: number, vr: string, value: string | null): readonly NewAttribute[] =>
    value === null ? [] : [[tag, vr, value]];
  const ofPatient = (tag: number, vr: string, value: string | null): readonly NewAttribute[] =>
    value === null && isOther ? [[tag, vr]] : said(tag, vr, value);
  const request = [...said(STEP_ID, 'SH', stepId), ...said(PROCEDURE_ID, 'SH', procedureId)];
  return [
    [PATIENT_NAME, 'PN', order.patientName],
    [PATIENT_ID, 'LO', patientId],
    issuer === null ? [ISSUER_OF_PATIENT_ID, 'LO'] : [ISSUER_OF_PATIENT_ID, 'LO', issuer],
    [ISSUER_QUALIFIERS, 'SQ'],
    ...ofPatient(PATIENT_BIRTH_DATE, 'DA', birthDate?.replaceAll('-', '') ?? null),
    ...ofPatient(PATIENT_SEX, 'CS', order.sex),
    ...(isOther ? OF_PATIENT_BEFORE : []),
    ...said(ACCESSION_NUMBER, 'SH', order.accessionNumber),
    ...said(STUDY_DESCRIPTION, 'LO', order.description),
    ...(request.length === 0 ? [] : [[REQUEST_ATTRIBUTES_SEQUENCE, 'SQ', request] as const]),
  ];
}
