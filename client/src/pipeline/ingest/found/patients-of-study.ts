/**
 * The patients of a found study; there is nearly always one. Pseudonyms are made for each patient separately, so a
 * study whose instances name several patients becomes one study for each. But somebody may have mixed the instances
 * up, and then one of them would be stored under the wrong name. So nothing of such a study is sent until a person
 * has decided about each part.
 */
import {
  keysOfPatients,
  patientKeyOf,
  type NamedPatient,
  type PatientDomain,
} from '#shared/deid/patient-key.ts';
import type { Policy } from '#shared/protocol/api.ts';
import {
  keyOfPerson,
  type FoundFile,
  type Person,
  type SeriesGroup,
  type StudyGroup,
} from './group-studies.ts';

/** The keys of the patients that a file of the study names, the file's own patient first. */
export function patientsOfFile(
  { patients }: FoundFile,
  domain: PatientDomain,
  { studyInstanceUID }: Pick<StudyGroup, 'studyInstanceUID'>,
): string[] {
  return keysOfPatients(patients, domain, studyInstanceUID);
}

/** The keys of all patients that instances of the study name, without duplicates. */
export function patientsOfStudy(study: StudyGroup, domain: PatientDomain): string[] {
  return [...new Set(filesIn(study.series).flatMap((file) => patientsOfFile(file, domain, study)))];
}

/** The instances of a study that name one patient in the same way. */
export interface PatientPart {
  /** These keys exist only in the page's memory. */
  readonly keys: readonly string[];
  readonly own: NamedPatient;
  readonly person: Person;
  readonly files: readonly FoundFile[];
}

const NOBODY: NamedPatient = { id: '', issuer: '' };

export const partKeyOf = ({ person, patients: [own = NOBODY] }: FoundFile): string =>
  [keyOfPerson(person), own.id, own.issuer].join('\n');

/** Divides the instances as finely as any policy does. */
export function partsIn(series: ReadonlyMap<string, SeriesGroup>): readonly PatientPart[] {
  return [...Map.groupBy(filesIn(series), partKeyOf)].map(([key, files]) => {
    const [{ person, patients }] = files as [FoundFile, ...FoundFile[]];
    return { keys: [key], own: patients[0] ?? NOBODY, person, files };
  });
}

/** Empty if there is only one patient, which is known without looking at ten thousand files. */
export function partsOf({ people, patients, series }: StudyGroup): readonly PatientPart[] {
  return people.size > 1 || patients.size > 1 ? partsIn(series) : [];
}

/** A study whose instances name several patients. */
export interface Mixed<Part = PatientPart> {
  readonly parts: readonly Part[];
  /** Whether a person has decided about each of them. */
  readonly isSettled: boolean;
  /** The number of studies that Send would make of it. */
  readonly sentAs: number;
}

/** The parts under the policy in force; null: all instances belong to one patient. */
export function mixedUnder<Part extends PatientPart>(
  policy: Policy | null,
  all: readonly Part[],
  settled: ReadonlySet<string>,
): Mixed<Part> | null {
  const domain = policy?.patientDomain ?? 'id';
  const keyOf = (own: NamedPatient) => patientKeyOf(own, domain) ?? '';
  const same = Map.groupBy(all, ({ own, person }) => [keyOfPerson(person), keyOf(own)].join('\n'));
  if (same.size < 2) return null;
  const parts = [...same.values()].map(
    (some): Part => ({
      ...some[0]!,
      keys: some.flatMap(({ keys }) => keys),
      files: some.flatMap(({ files }) => files),
    }),
  );
  return {
    parts,
    isSettled: parts.every(({ keys }) => keys.every((key) => settled.has(key))),
    sentAs: policy?.deidentify === false ? 1 : new Set(parts.map(({ own }) => keyOf(own))).size,
  };
}

/** Whether all parts have one Patient ID and differ only in the name. */
export function isOnePerson({ parts }: Mixed): boolean {
  return parts.every(({ own: { id } }) => id !== '' && id === parts[0]!.own.id);
}

export function filesIn(series: ReadonlyMap<string, SeriesGroup>): FoundFile[] {
  return [...series.values()].flatMap(({ files }) => files);
}
