/** The outcome of a review, and the readers it waits for, in words for the page of its case. */
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { CaseReview, ListedReview, ReviewPlace } from '#shared/protocol/reviews.ts';
import { caseWords } from '../../cases/parts/case-words.ts';
import { shortAnswers } from './answer-words.ts';
import { stateOf } from './progress-of.ts';
import { reviewWords } from './review-words.ts';

const words = reviewWords.ofCase;

/** The answers that hold and their author, as far as the caller may see them; null: none yet. */
export function outcomeOf({
  state,
  places,
  finalPlace,
  definition: { form },
}: Pick<CaseReview, 'state' | 'places' | 'finalPlace' | 'definition'>): string | null {
  if (isOutcomeHidden({ state, places })) return words.outcomeHidden;
  const final = places.find(({ place }) => place === finalPlace);
  if (final === undefined || final.said === null) return null;
  const { decision, answers } = final.said;
  const short = decision === 'reject' ? '' : shortAnswers(form, answers);
  return [short === '' ? reviewWords.decisions[decision] : short, settledBy(final, places)]
    .filter(Boolean)
    .join(reviewWords.separator);
}

/** A person who reads the case again, blinded, is shown no places of a settled review. */
export const isOutcomeHidden = ({ state, places }: Pick<CaseReview, 'state' | 'places'>): boolean =>
  state === 'settled' && places.length === 0;

function settledBy({ place, reader }: ReviewPlace, places: readonly ReviewPlace[]): string {
  if (place === ADJUDICATOR) return words.decidedBy(reader?.username ?? reviewWords.readers.adjudicator);
  const names = places.flatMap((one) => (one.place === ADJUDICATOR ? [] : (one.reader?.username ?? [])));
  return names.length === 0 ? '' : words.readBy(names);
}

/** Whether the outcome is positive, in two words; null: it does not say, or the caller may not know. */
export const foundOf = ({ positive }: Pick<ListedReview, 'positive'>): string | null =>
  positive === null ? null : caseWords.study.positive[positive ? 'yes' : 'no'];

type After = Pick<ListedReview, 'notesAfter' | 'readingsAfter'>;

/** Notes and readings added to the case after the review was settled, in few words; null: none. */
export function afterOf({ notesAfter, readingsAfter }: After): string | null {
  const names = [...new Set(readingsAfter.flatMap(({ by }) => by))];
  const said = [
    notesAfter > 0 && reviewWords.after.notes(notesAfter),
    readingsAfter.length > 0 && reviewWords.after.readAgain(names),
  ].filter((one) => one !== false);
  return said.length === 0 ? null : reviewWords.after.since(said);
}

type Standing = After & Pick<CaseReview, 'state' | 'pseudonym' | 'finalPlace' | 'outcomeNow'>;

/** The line at the top of a review's page: its progress, the pseudonym, and whether its answers still hold. */
export function headOf(review: Standing): string {
  const said = [stateOf(review), review.pseudonym, standingOf(review)];
  return said.filter(Boolean).join(reviewWords.separator);
}

function standingOf({ finalPlace, outcomeNow, ...after }: Standing): string | null {
  if (outcomeNow === 'contradicted') return reviewWords.page.disputed;
  return finalPlace !== null && outcomeNow === 'stands' && afterOf(after) === null
    ? reviewWords.page.settled
    : null;
}

/** The names of other readers who have not signed. Empty if there are none or the names are withheld. */
export const waitingFor = ({ places }: Pick<ListedReview, 'places'>): readonly string[] =>
  places.flatMap(({ state, isMine, reader }) =>
    isMine || state === 'signed' ? [] : (reader?.username ?? []),
  );
