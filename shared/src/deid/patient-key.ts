/**
 * The key of a patient is the text from which a policy derives their pseudonyms. Within one policy the same patient
 * has the same key wherever a Patient ID names them (named-patients.ts), and two patients never share a key.
 */

/**
 * `id`: the Patient ID alone, because devices of one hospital do not consistently name the issuer. `id-and-issuer`:
 * for archives of several hospitals whose Patient IDs overlap.
 */
export type PatientDomain = 'id' | 'id-and-issuer';

/** Patient ID and issuer as decoded text, so the same in every character set. '': none. */
export interface NamedPatient {
  readonly id: string;
  readonly issuer: string;
}

/**
 * The most distinct patients that one instance may name; real instances name one or two. Each costs milliseconds, or a
 * request.
 */
export const PATIENTS_LIMIT = 16;
/** No text VR allows this character. */
const SEPARATOR = '\0';

/** Null without a Patient ID. */
export function patientKeyOf({ id, issuer }: NamedPatient, domain: PatientDomain): string | null {
  if (id === '') return null;
  return domain === 'id' ? `patient${SEPARATOR}${id}` : `patient${SEPARATOR}${id}${SEPARATOR}${issuer}`;
}

/**
 * The key for an instance without a Patient ID, made from its study, since nobody can tell whether two such studies
 * are of one patient.
 */
export function studyKeyOf(studyInstanceUID: string): string {
  return `study${SEPARATOR}${studyInstanceUID}`;
}

/** The keys of the patients that `patientsIn` returns. The first is the instance's own. */
export function keysOfPatients(
  [own, ...others]: readonly NamedPatient[],
  domain: PatientDomain,
  studyInstanceUID: string,
): string[] {
  const first = (own && patientKeyOf(own, domain)) ?? studyKeyOf(studyInstanceUID);
  return [...new Set([first, ...others.flatMap((other) => patientKeyOf(other, domain) ?? [])])];
}

/** The Patient ID in a key; '' if the key was made from a study. */
export function patientIdOf(key: string): string {
  const [kind, id = ''] = key.split(SEPARATOR);
  return kind === 'patient' ? id : '';
}
