/** Marks a settled review that later readings of its case contradict, in lists and on its page. */
import type { ListedReview } from '#shared/protocol/reviews.ts';
import { Icon } from '../../kit/Icon.tsx';
import { reviewWords } from './review-words.ts';

const words = reviewWords.outcomeNow;

type OutcomeNowProps = { readonly review: ListedReview; readonly explains?: boolean };

export function OutcomeNow({ review: { outcomeNow }, explains = false }: OutcomeNowProps) {
  if (outcomeNow === null || outcomeNow === 'stands') return null;
  const mark = (
    <span class="small case-late">
      <Icon name="decide" size={16} />
      {words[outcomeNow].title}
    </span>
  );
  if (!explains) return mark;
  return (
    <div class="stack-tight">
      {mark}
      <p class="small">{words[outcomeNow].what}</p>
    </div>
  );
}
