/** One instance with the values that its destination wants: the same bytes whenever it is made. */
import { coerceInstance, type Coerced } from '#shared/deid/coerce-instance.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import type { NewAttribute } from '#shared/dicom/original-attributes.ts';
import { ACCESSION_NUMBER } from '#shared/dicom/tags.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { coercionSchema, type Coercion } from '#shared/protocol/coercion.ts';

const INSTITUTION_NAME = 0x00080080;
const ISSUER_OF_PATIENT_ID = 0x00100021;
/** PS3.5 Table 6.2-1. */
const SH_CHARACTERS = 16;

/** Of a copy. Null: it is sent as it was promised. */
export const coercionOf = ({ coercion }: { readonly coercion: unknown }): Coercion | null =>
  coercion === null ? null : coercionSchema.parse(coercion);

/** `at`: fixed for the study at its destination. `not-writable` also where the Accession Number gets too long. */
export async function coerceTo(coercion: Coercion, instance: ParsedInstance, at: Date): Promise<Coerced> {
  const accession = accessionWith(coercion.accessionPrefix, instance);
  if (accession === 'too-long') return { kind: 'not-writable' };
  const { institution, issuer } = coercion;
  const wanted: readonly NewAttribute[] = [
    ...(accession === null ? [] : [[ACCESSION_NUMBER, 'SH', accession] as const]),
    ...(institution === undefined ? [] : [[INSTITUTION_NAME, 'LO', institution] as const]),
    ...(issuer === undefined ? [] : [[ISSUER_OF_PATIENT_ID, 'LO', issuer] as const]),
  ];
  const before = textOf(findElement(instance.elements, INSTITUTION_NAME), instance) ?? '';
  const source = /^[\x20-\x5b\x5d-\x7e]{1,64}$/.test(before) ? before : '';
  return coerceInstance(instance, wanted, { at, reason: 'COERCE', system: 'RelayPACS', source });
}

/** Null: it stays as it is. */
function accessionWith(prefix: string | undefined, instance: ParsedInstance): string | null {
  const number = textOf(findElement(instance.elements, ACCESSION_NUMBER), instance)?.trim() ?? '';
  if (prefix === undefined || number === '' || number.startsWith(prefix)) return null;
  return [...prefix, ...number].length > SH_CHARACTERS ? 'too-long' : prefix + number;
}
