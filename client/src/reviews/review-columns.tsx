/** The columns of the lists of reviews. */
import { ADJUDICATOR, isEnded } from '#shared/protocol/review-state.ts';
import type { ListedReview } from '#shared/protocol/reviews.ts';
import { dayWords, isOverdue } from '../cases/parts/CaseParts.tsx';
import { caseWords } from '../cases/parts/case-words.ts';
import type { ManyPatients } from '../cases/parts/many-patients.ts';
import { PatientLine } from '../cases/parts/PatientLine.tsx';
import { formatMoment } from '../kit/format.ts';
import type { Column } from '../kit/ListTable.tsx';
import { ListMark } from '../kit/ListMark.tsx';
import { afterOf, foundOf } from './parts/outcome-of.ts';
import { progressOf } from './parts/progress-of.ts';
import { reviewWords } from './parts/review-words.ts';

const words = reviewWords.list;

export const REVIEW_NAME = {
  label: words.review,
  cell: ({ title, caseNumber }: ListedReview) => <bdi>{words.name(title, caseNumber)}</bdi>,
} as const;

/** What this person is to do, or how far the review is. */
function stateOf(review: ListedReview): string {
  const own = review.places.find(({ isMine }) => isMine);
  if (own === undefined) return progressOf(review);
  if (own.place === ADJUDICATOR && own.state !== 'signed') return words.adjudicate;
  return reviewWords.places[own.state];
}

function dueOf(review: ListedReview) {
  const { dueOn, state } = review;
  if (dueOn === null) return null;
  if (isEnded(state) || !isOverdue({ dueOn, status: 'open' })) return dayWords(dueOn);
  return <ListMark icon="decide" tone="stop" said={caseWords.overdue(dayWords(dueOn))} />;
}

function outcomeOf(review: ListedReview) {
  const { outcomeNow } = review;
  const said = [foundOf(review), afterOf(review)].filter(Boolean).join(reviewWords.separator);
  if (outcomeNow === null || outcomeNow === 'stands') return said;
  return (
    <>
      <ListMark icon="decide" tone="stop" said={reviewWords.outcomeNow[outcomeNow].title} />
      {said !== '' && ` ${said}`}
    </>
  );
}

export const reviewColumns = (patients: ManyPatients): readonly Column<ListedReview>[] => [
  {
    id: 'patient',
    label: caseWords.patient.title,
    track: '16%',
    cell: ({ caseId }) => <PatientLine subject={{ kind: 'cases', id: caseId }} patients={patients} />,
  },
  {
    id: 'images',
    label: caseWords.columns.images,
    track: 'fit-content(8%)',
    cell: ({ modalities }) => modalities.join(reviewWords.separator),
  },
  { id: 'state', label: caseWords.columns.state, track: 'fit-content(18%)', isState: true, cell: stateOf },
  { id: 'outcome', label: words.outcome, track: 'fit-content(18%)', cell: outcomeOf },
  {
    id: 'early',
    label: caseWords.list.early,
    cell: ({ isEarly, state }) =>
      isEarly && !isEnded(state) && <ListMark icon="up" said={caseWords.columns.early} />,
  },
  {
    id: 'priority',
    label: caseWords.list.priority,
    cell: ({ priority }) => priority !== 'routine' && caseWords.priorities[priority],
  },
  { id: 'due', label: caseWords.list.due, track: 'fit-content(14%)', isLabelled: true, cell: dueOf },
  {
    id: 'requested',
    label: words.requested,
    isLabelled: true,
    cell: ({ openedAt }) => formatMoment(new Date(openedAt), new Date()),
  },
  {
    id: 'pseudonym',
    label: caseWords.page.pseudonym,
    isExtra: true,
    cell: ({ pseudonym }) => pseudonym,
  },
];
