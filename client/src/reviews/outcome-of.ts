/** The outcome of a review, and the readers that it waits for, in words for the page of its case. */
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { CaseReview, ListedReview, ReviewPlace } from '#shared/protocol/reviews.ts';
import { shortAnswers } from './answer-words.ts';
import { reviewWords } from './review-words.ts';

const words = reviewWords.ofCase;

/** The answers that stand, and whose they are, as far as the caller is shown them; null: none yet. */
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

/** A settled review shows no place to who reads its case again, blinded. */
export const isOutcomeHidden = ({ state, places }: Pick<CaseReview, 'state' | 'places'>): boolean =>
  state === 'settled' && places.length === 0;

function settledBy({ place, reader }: ReviewPlace, places: readonly ReviewPlace[]): string {
  if (place === ADJUDICATOR) return words.decidedBy(reader?.username ?? reviewWords.readers.adjudicator);
  const names = places.flatMap((one) => (one.place === ADJUDICATOR ? [] : (one.reader?.username ?? [])));
  return names.length === 0 ? '' : words.readBy(names);
}

/** The names of readers who have not signed, but the caller's own; empty: nobody, or withheld. */
export const waitingFor = ({ places }: Pick<ListedReview, 'places'>): readonly string[] =>
  places.flatMap(({ state, isMine, reader }) =>
    isMine || state === 'signed' ? [] : (reader?.username ?? []),
  );
