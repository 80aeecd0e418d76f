/** The original identity of an instance, for the person who sends it. It never leaves the device. */
import { patientOf } from '../deid/named-patients.ts';
import type { NamedPatient } from '../deid/patient-key.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import type { InstanceDescription } from '../dicom/describe-instance.ts';

export interface Original {
  readonly studyInstanceUID: string;
  readonly sopInstanceUID: string;
  readonly person: { readonly name: string; readonly id: string };
  readonly patient: NamedPatient;
}

export function originalOf(
  instance: ParsedInstance,
  { patientName, patientId }: Pick<InstanceDescription, 'patientName' | 'patientId'>,
): Original {
  const { studyInstanceUID, sopInstanceUID } = instance.identifiers;
  return {
    studyInstanceUID,
    sopInstanceUID,
    person: { name: patientName ?? '', id: patientId ?? '' },
    patient: patientOf(instance.elements, instance),
  };
}
