/** The value of each field of an export, from what was read of a case. */
import type { Case, CasePatients } from '#shared/protocol/cases.ts';
import type { ExportField } from '#shared/protocol/exports.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { ListedReview, ReviewPlace } from '#shared/protocol/reviews.ts';
import { ageBandOf, monthOf } from './coarse-dates.ts';
import type { ExportedResult } from './exported-results.ts';
import type { Cell } from './source-row.ts';

/** `final`: the place whose answers stand. */
export type SettledReview = { readonly review: ListedReview; readonly final: ReviewPlace };
/** All that a row is made of. */
export type CaseFacts = {
  readonly shown: Omit<Case, 'withheld'>;
  readonly site: string;
  /** Of each study; empty where no field asks. */
  readonly patients: CasePatients['studies'];
  readonly results: readonly ExportedResult[];
  readonly reviews: readonly SettledReview[];
  readonly notes: readonly string[];
  readonly attachments: readonly string[];
};

type Patient = CaseFacts['patients'][number];

/** A case is of one patient: the first study that tells. */
function ofPatient(key: keyof Patient): (of: CaseFacts) => Cell {
  return ({ patients }) => patients.map((one) => one[key]).find((value) => value !== null) ?? null;
}
function ofStudies(key: keyof Patient): (of: CaseFacts) => Cell {
  return ({ patients }) => distinct(patients.map((one) => one[key]));
}
const distinct = (values: readonly (string | null)[]): string[] => [
  ...new Set(values.filter((value) => value !== null)),
];
const firstDate = ({ patients }: CaseFacts): string | null =>
  distinct(patients.map(({ studyDate }) => studyDate)).toSorted()[0] ?? null;

/** By the kind of image that the model of image kinds saw. */
const BODY_PARTS: Readonly<Record<string, string>> = {
  CXR: 'CHEST',
  Hand: 'HAND',
  BreastMRI: 'BREAST',
  HeadCT: 'HEAD',
  TrunkCT: 'TRUNK',
};

const answersOf = ({ reviews }: CaseFacts): string[] =>
  reviews.flatMap(({ review, final }) =>
    Object.entries(final.said?.answers ?? {}).map(([name, answer]) => `${review.type}.${name}=${answer}`),
  );

export const CELLS: Readonly<Record<ExportField, (of: CaseFacts) => Cell>> = {
  caseId: ({ shown }) => shown.id,
  caseNumber: ({ shown }) => shown.number,
  title: ({ shown }) => shown.title,
  tags: ({ shown }) => shown.tags ?? [],
  status: ({ shown }) => shown.status,
  priority: ({ shown }) => shown.priority,
  dueOn: ({ shown }) => shown.dueOn,
  assignee: ({ shown }) => shown.assignee?.username ?? null,
  openedBy: ({ shown }) => shown.createdBy,
  openedAt: ({ shown }) => shown.createdAt,
  changedAt: ({ shown }) => shown.changedAt,
  closedAt: ({ shown }) => shown.closedAt,
  notes: ({ notes }) => notes,
  attachments: ({ attachments }) => attachments,
  site: ({ site }) => site,
  pseudonym: ({ shown }) => shown.pseudonym,
  patientName: ofPatient('patientName'),
  patientId: ofPatient('patientId'),
  birthDate: ofPatient('birthDate'),
  ageBand: (of) => ageBandOf(of.patients.find(({ birthDate }) => birthDate)?.birthDate, firstDate(of)),
  // PS3.3 C.7.1.1: its Defined Terms. Anything else may be anything.
  sex: ({ patients }) => patients.map(({ sex }) => sex).find((sex) => /^[MFO]$/.test(sex ?? '')) ?? null,
  studies: ({ shown }) => shown.studies.map(({ studyInstanceUID }) => studyInstanceUID),
  studyCount: ({ shown }) => shown.studies.length,
  accessionNumbers: ofStudies('accessionNumber'),
  studyDates: ofStudies('studyDate'),
  month: (of) => monthOf(firstDate(of)),
  descriptions: ofStudies('description'),
  modalities: ({ shown }) => shown.modalities,
  bodyParts: ({ results }) => distinct(results.map(({ kind }) => BODY_PARTS[kind ?? ''] ?? null)),
  finding: ({ shown }) => shown.finding,
  models: ({ results }) => results.map(({ model }) => model),
  modelVersions: ({ results }) => results.map(({ version }) => version),
  scores: ({ results }) => results.map(({ score }) => score),
  positives: ({ results }) => results.map(({ positive }) => positive),
  resultTimes: ({ results }) => results.map(({ at }) => at),
  verdicts: ({ results }) => results.map(({ verdict }) => verdict),
  correctedFindings: ({ results }) => results.map(({ corrected }) => corrected),
  reviewTypes: ({ reviews }) => reviews.map(({ review }) => review.type),
  decisions: ({ reviews }) => reviews.map(({ final }) => final.said?.decision ?? null),
  answers: answersOf,
  reasons: ({ reviews }) => reviews.map(({ final }) => final.said?.reason ?? null),
  readers: ({ reviews }) => reviews.map(({ final }) => final.reader?.username ?? null),
  readerRoles: ({ reviews }) =>
    reviews.map(({ final }) => (final.place === ADJUDICATOR ? 'adjudicator' : 'reader')),
  settledAt: ({ reviews }) => reviews.map(({ review }) => review.settledAt),
};
