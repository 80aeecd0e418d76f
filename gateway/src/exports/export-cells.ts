/** The value of each field of an export, from what was read of a case. */
import type { Case, CasePatients } from '#shared/protocol/cases.ts';
import type { ExportField } from '#shared/protocol/exports.ts';
import { sawFinding } from '#shared/protocol/review-judgement.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { ListedReview, ReviewPlace } from '#shared/protocol/reviews.ts';
import { bodyPartOf } from '../cases/body-parts.ts';
import type { Identity } from './anonymous/identity-texts.ts';
import { ageBandOf, monthOf } from './coarse-dates.ts';
import type { ExportedResult } from './exported-results.ts';
import type { Cell } from './source-row.ts';

/**
 * `final`: the place whose answers stand. `hidesFinding`: the readers of this review were not shown what models found.
 */
export type SettledReview = {
  readonly review: ListedReview;
  readonly final: ReviewPlace;
  readonly hidesFinding: boolean;
};
/** Everything from which the cells of a row are computed. */
export type CaseFacts = {
  readonly shown: Omit<Case, 'withheld'>;
  readonly site: string;
  /** Patient data of each study; empty if no field asks for it. */
  readonly patients: CasePatients['studies'];
  /** The identities of the studies that the PACS lists in several rows. */
  readonly several: Identity;
  readonly results: readonly ExportedResult[];
  readonly reviews: readonly SettledReview[];
  readonly notes: readonly string[];
  readonly attachments: readonly string[];
};

type Patient = CaseFacts['patients'][number];

/** A case belongs to one patient, so the first study that has a value decides. */
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

/** Answers in the form that exports.ts describes; it names the review, and the reader where answers were overruled. */
const answersOf = ({ reviews }: CaseFacts): string[] =>
  reviews.flatMap(({ review, final }, at) => {
    const same = reviews.slice(0, at).filter((before) => before.review.type === review.type);
    const asked = same.length === 0 ? review.type : `${review.type}#${same.length + 1}`;
    const overruled = final.place === ADJUDICATOR ? othersOf({ review, final }) : [];
    return [
      ...answersIn(final, asked),
      ...overruled.flatMap((place) => answersIn(place, `${asked}@reader-${place.place}`)),
    ];
  });

const answersIn = ({ said }: ReviewPlace, asked: string): string[] =>
  Object.entries(said?.answers ?? {}).map(([name, answer]) => `${asked}.${name}=${answer}`);

const othersOf = ({ review, final }: Pick<SettledReview, 'review' | 'final'>): ReviewPlace[] =>
  review.places
    .filter(({ place, signedAt }) => place !== final.place && signedAt !== null)
    .toSorted((a, b) => a.place - b.place);

/** Written instead of `accept` for a reader who was shown no finding, and so agreed with none. */
export const JUDGED = 'judged';

/** The decisions that the readers chose. */
const chosenDecisions = ({ reviews, results }: CaseFacts): Cell =>
  reviews.map(({ final: { place, said }, hidesFinding }) => {
    if (said?.decision !== 'accept') return said?.decision ?? null;
    return sawFinding({ at: said.at, place }, hidesFinding, results) ? said.decision : JUDGED;
  });

/** The reader whose answers stand, followed by the other readers who signed. */
function readersOf(settled: SettledReview): Cell {
  const nameOf = ({ reader }: ReviewPlace): string | null => reader?.username ?? null;
  const others = othersOf(settled).map(nameOf);
  return others.length === 0 ? nameOf(settled.final) : [nameOf(settled.final), ...others];
}

/** One value per result, and one more at the end if a finding is still hidden from the reader. */
const ofResults =
  (key: keyof ExportedResult) =>
  ({ results, shown }: CaseFacts): Cell[] => [
    ...results.map((one) => one[key]),
    ...(shown.finding === 'hidden' ? [key === 'model' ? HIDDEN : null] : []),
  ];
/** Written instead of a model's name, as in the finding of a case. */
export const HIDDEN = 'hidden';

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
  // PS3.3 C.7.1.1: the Defined Terms of Patient's Sex. Other values could hold anything.
  sex: ({ patients }) => patients.map(({ sex }) => sex).find((sex) => /^[MFO]$/.test(sex ?? '')) ?? null,
  studies: ({ shown }) => shown.studies.map(({ studyInstanceUID }) => studyInstanceUID),
  studyCount: ({ shown }) => shown.studies.length,
  accessionNumbers: ofStudies('accessionNumber'),
  studyDates: ofStudies('studyDate'),
  month: (of) => monthOf(firstDate(of)),
  descriptions: ofStudies('description'),
  modalities: ({ shown }) => shown.modalities,
  bodyParts: ({ results }) => distinct(results.map(({ kind }) => bodyPartOf(kind))),
  finding: ({ shown }) => shown.finding,
  models: ofResults('model'),
  modelVersions: ofResults('version'),
  scores: ofResults('score'),
  positives: ofResults('positive'),
  resultTimes: ofResults('at'),
  verdicts: ofResults('verdict'),
  correctedFindings: ofResults('corrected'),
  reviewTypes: ({ reviews }) => reviews.map(({ review }) => review.type),
  decisions: chosenDecisions,
  answers: answersOf,
  reasons: ({ reviews }) => reviews.map(({ final }) => final.said?.reason ?? null),
  readers: ({ reviews }) => reviews.map(readersOf),
  readerRoles: ({ reviews }) =>
    reviews.map(({ final }) => (final.place === ADJUDICATOR ? 'adjudicator' : 'reader')),
  settledAt: ({ reviews }) => reviews.map(({ review }) => review.settledAt),
};
