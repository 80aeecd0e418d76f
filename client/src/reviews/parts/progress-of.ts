/** The progress of a review, in words, for people who are not its readers. */
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { ListedReview } from '#shared/protocol/reviews.ts';
import { reviewWords } from './review-words.ts';

type State = Pick<ListedReview, 'state' | 'outcomeNow'>;

/** The state of a review in a word or two. */
export const stateOf = ({ state, outcomeNow }: State): string =>
  outcomeNow === 'contradicted' ? reviewWords.disputed : reviewWords.states[state];

/** Readers, and people who may take a free place, are not shown the other places, so nothing is counted for them. */
export function progressOf(review: State & Pick<ListedReview, 'places'>): string {
  const { state, places } = review;
  const said = stateOf(review);
  const readers = places.filter(({ place }) => place !== ADJUDICATOR);
  const isReader = places.some(({ isMine }) => isMine);
  if (state !== 'reading' || isReader || readers.every((place) => place.state === 'open')) return said;
  const signed = readers.filter((place) => place.state === 'signed').length;
  return [said, reviewWords.signedOf(signed, readers.length)].join(reviewWords.separator);
}
