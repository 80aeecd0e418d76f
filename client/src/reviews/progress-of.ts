/** How far a review is, in words: for people who do not read it themselves. */
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { ListedReview } from '#shared/protocol/reviews.ts';
import { reviewWords } from './review-words.ts';

/** Readers, and people who may take a free place, are shown no other ones. Nothing is counted for them. */
export function progressOf({ state, places }: Pick<ListedReview, 'state' | 'places'>): string {
  const said = reviewWords.states[state];
  const readers = places.filter(({ place }) => place !== ADJUDICATOR);
  const isReader = places.some(({ isMine }) => isMine);
  if (state !== 'reading' || isReader || readers.every((place) => place.state === 'open')) return said;
  const signed = readers.filter((place) => place.state === 'signed').length;
  return [said, reviewWords.signedOf(signed, readers.length)].join(reviewWords.separator);
}
