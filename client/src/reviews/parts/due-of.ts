/** The due date of a review's case, in words. */
import { isEnded } from '#shared/protocol/review-state.ts';
import type { ListedReview } from '#shared/protocol/reviews.ts';
import { dayWords, isOverdue } from '../../cases/parts/CaseParts.tsx';
import { caseWords } from '../../cases/parts/case-words.ts';
import { reviewWords } from './review-words.ts';

/** Null: there is no due date, or the review has ended. */
export function dueOf({ dueOn, state }: Pick<ListedReview, 'dueOn' | 'state'>): string | null {
  if (dueOn === null || isEnded(state)) return null;
  const day = dayWords(dueOn);
  return isOverdue({ dueOn, status: 'open' }) ? caseWords.overdue(day) : reviewWords.list.due(day);
}
