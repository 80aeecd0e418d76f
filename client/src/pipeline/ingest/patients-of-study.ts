/**
 * Patients of a found study. Nearly always there is one. Pseudonyms are made for each patient apart, so instances of
 * one study that name several become a study for each; but somebody may have mixed them up, and then one of them would
 * lie under the wrong name. So nothing of such a study is sent until a person has said what becomes of each part.
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

/** The patients whom a file of the study names, by key, its own first. */
export function patientsOfFile(
  { patients }: FoundFile,
  domain: PatientDomain,
  { studyInstanceUID }: Pick<StudyGroup, 'studyInstanceUID'>,
): string[] {
  return keysOfPatients(patients, domain, studyInstanceUID);
}

/** Every patient whom an instance of the study names, by key; each once. */
export function patientsOfStudy(study: StudyGroup, domain: PatientDomain): string[] {
  return [...new Set(filesIn(study.series).flatMap((file) => patientsOfFile(file, domain, study)))];
}

/** The instances of a study that name one patient, in one way. */
export interface PatientPart {
  /** Keys of the page's memory alone. */
  readonly keys: readonly string[];
  readonly own: NamedPatient;
  readonly person: Person;
  readonly files: readonly FoundFile[];
}

const NOBODY: NamedPatient = { id: '', issuer: '' };

export const partKeyOf = ({ person, patients: [own = NOBODY] }: FoundFile): string =>
  [keyOfPerson(person), own.id, own.issuer].join('\n');

/** Divided as finely as any policy does. */
export function partsIn(series: ReadonlyMap<string, SeriesGroup>): readonly PatientPart[] {
  return [...Map.groupBy(filesIn(series), partKeyOf)].map(([key, files]) => {
    const [{ person, patients }] = files as [FoundFile, ...FoundFile[]];
    return { keys: [key], own: patients[0] ?? NOBODY, person, files };
  });
}

/** Empty where there is one patient, without a look at ten thousand files. */
export function partsOf({ people, patients, series }: StudyGroup): readonly PatientPart[] {
  return people.size > 1 || patients.size > 1 ? partsIn(series) : [];
}

/** A study whose instances name several patients. */
export interface Mixed<Part = PatientPart> {
  readonly parts: readonly Part[];
  /** A person has decided about each of them. */
  readonly isSettled: boolean;
  /** The number of studies that Send would make of it. */
  readonly sentAs: number;
}

/** Under the policy in force; null: all instances are of one patient. */
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

/** The parts have one Patient ID, and differ in the name alone. */
export function isOnePerson({ parts }: Mixed): boolean {
  return parts.every(({ own: { id } }) => id !== '' && id === parts[0]!.own.id);
}

export function filesIn(series: ReadonlyMap<string, SeriesGroup>): FoundFile[] {
  return [...series.values()].flatMap(({ files }) => files);
}
