/**
 * The key of a patient: the text under which a policy makes their pseudonyms. Within one policy the same patient has
 * the same key wherever a Patient ID names them (named-patients.ts), and two patients never share one.
 */

/**
 * `id`: the Patient ID alone, since modalities and workstations of one hospital name the issuer or leave it out as
 * they like. `id-and-issuer`: for archives of several hospitals that number their patients alike.
 */
export type PatientDomain = 'id' | 'id-and-issuer';

/** Patient ID and issuer as text, the same in every character set. '': none. */
export interface NamedPatient {
  readonly id: string;
  readonly issuer: string;
}

/** Distinct patients that one instance may name: real ones name one or two. Each costs milliseconds, or a request. */
export const PATIENTS_LIMIT = 16;
/** No VR of text has it. */
const SEPARATOR = '\0';

/** Null without a Patient ID. */
export function patientKeyOf({ id, issuer }: NamedPatient, domain: PatientDomain): string | null {
  if (id === '') return null;
  return domain === 'id' ? `patient${SEPARATOR}${id}` : `patient${SEPARATOR}${id}${SEPARATOR}${issuer}`;
}

/** For an instance without Patient ID: nobody knows whether two such studies are of one patient. */
export function studyKeyOf(studyInstanceUID: string): string {
  return `study${SEPARATOR}${studyInstanceUID}`;
}

/** The keys of `patientsIn`; the first is the instance's own. */
export function keysOfPatients(
  [own, ...others]: readonly NamedPatient[],
  domain: PatientDomain,
  studyInstanceUID: string,
): string[] {
  const first = (own && patientKeyOf(own, domain)) ?? studyKeyOf(studyInstanceUID);
  return [...new Set([first, ...others.flatMap((other) => patientKeyOf(other, domain) ?? [])])];
}

/** The Patient ID in a key, '' for that of a study. */
export function patientIdOf(key: string): string {
  const [kind, id = ''] = key.split(SEPARATOR);
  return kind === 'patient' ? id : '';
}
