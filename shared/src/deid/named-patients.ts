/** Reads which patients a Data Set names: Patient ID with its issuer, at the top level and in any item. */
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { PATIENT_BIRTH_DATE, PATIENT_NAME } from '../dicom/tags.ts';
import { characterSetsOf, findElement, textOf } from '../dicom/values.ts';
import type { ValueContext } from '../dicom/values.ts';
import { PATIENTS_LIMIT, type NamedPatient } from './patient-key.ts';

const PATIENT_ID = 0x00100020;
const ISSUER_OF_PATIENT_ID = 0x00100021;

export function patientOf(elements: readonly DicomElement[], context: ValueContext): NamedPatient {
  const within = {
    characterSets: characterSetsOf(elements, context.characterSets),
    encoding: context.encoding,
  };
  const text = (tag: number) => {
    const element = findElement(elements, tag);
    return textOf(element && { ...element, vr: 'LO' }, within)?.normalize('NFC') ?? '';
  };
  return { id: text(PATIENT_ID), issuer: text(ISSUER_OF_PATIENT_ID) };
}

/** The instance's own patient, for the vault. '' where the header has no value. Names are returned as written. */
export function identityOf(instance: ParsedInstance): {
  readonly patientID: string;
  readonly issuer: string;
  readonly name: string;
  readonly birthDate: string;
} {
  const { id, issuer } = patientOf(instance.elements, instance);
  const text = (tag: number) => textOf(findElement(instance.elements, tag), instance) ?? '';
  return { patientID: id, issuer, name: text(PATIENT_NAME), birthDate: text(PATIENT_BIRTH_DATE) };
}

/** The distinct patients whom an instance names, its own first. Their keys are all the keys that a plan requests. */
export function patientsIn(instance: ParsedInstance): NamedPatient[] {
  const own = patientOf(instance.elements, instance);
  const found = new Map<string, NamedPatient>();
  const visit = (elements: readonly DicomElement[]): void => {
    for (const { items } of elements)
      for (const item of items ?? []) {
        const { id, issuer } = patientOf(item.elements, instance);
        const named = { id, issuer: issuer || own.issuer };
        // One more than the limit is enough: the plan will be refused.
        if (id !== '' && found.size <= PATIENTS_LIMIT) found.set(`${id}\0${named.issuer}`, named);
        visit(item.elements);
      }
  };
  visit(instance.elements);
  found.delete(`${own.id}\0${own.issuer}`);
  return [own, ...found.values()];
}
