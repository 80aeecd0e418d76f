/** A patient in words, as the PACS names them: in the heading of a page, in a row of a list, and beside *Sign*. */
import type { CasePatients } from '#shared/protocol/cases.ts';
import { formatDicomDate } from '../../kit/format.ts';
import { bornSaid, identitySaid, nameSaid } from '../../kit/identities.ts';
import { caseWords } from './case-words.ts';

export type Patient = CasePatients['studies'][number];

const said = caseWords.patient;
const prefixed = (name: string, value: string | null) => value && `${name} ${value}`;
const isSaid = (text: string | null | false | undefined): text is string => Boolean(text);

const idOf = (patient: Patient | null): string | null =>
  patient?.patientId === nameSaid(patient?.patientName)
    ? null
    : prefixed(said.id, identitySaid(patient?.patientId));

/** `name` null: the PACS gives no name. */
export function patientSaid(patient: Patient | null): {
  readonly name: string | null;
  readonly about: string[];
} {
  const about = [
    idOf(patient),
    prefixed(said.born, bornSaid(patient?.birthDate)),
    patient?.sex && `${said.sex} ${patient.sex}`,
    prefixed(said.accession, identitySaid(patient?.accessionNumber)),
  ];
  return { name: nameSaid(patient?.patientName), about: about.filter(isSaid) };
}

/**
 * Returns each patient once. The studies of a case should have one patient; if the PACS says otherwise, all are shown.
 */
export function eachOnce(patients: readonly Patient[]): readonly Patient[] {
  const samePerson = (one: Patient, other: Patient): boolean =>
    (['patientName', 'patientId', 'issuer', 'birthDate', 'sex'] as const).every(
      (field) => one[field] === other[field],
    );
  return patients.filter((one, at) => patients.findIndex((other) => samePerson(one, other)) === at);
}

/**
 * Name and Patient ID of each patient, including one whom the PACS does not name; null: the PACS names none of them.
 */
export function whoseSaid(patients: readonly Patient[]): string | null {
  const people = eachOnce(patients).map((one) => [nameSaid(one.patientName), idOf(one)].filter(isSaid));
  if (people.every(({ length }) => length === 0)) return null;
  return people.map((parts) => parts.join(caseWords.separator) || said.unnamed).join('; ');
}

/** Each date once, in the order of the studies. */
export const studyDaysOf = (patients: readonly Patient[]): readonly string[] => [
  ...new Set(patients.map(({ studyDate }) => formatDicomDate(studyDate)).filter(isSaid)),
];
