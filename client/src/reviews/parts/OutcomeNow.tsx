/** Marks a settled review that later readings of its case contradict, on its page. */
import type { ListedReview } from '#shared/protocol/reviews.ts';
import { Icon } from '../../kit/Icon.tsx';
import { reviewWords } from './review-words.ts';

const words = reviewWords.outcomeNow;

export function OutcomeNow({ review: { outcomeNow } }: { readonly review: ListedReview }) {
  if (outcomeNow === null || outcomeNow === 'stands') return null;
  return (
    <div class="stack-tight">
      <span class="small case-late">
        <Icon name="decide" size={16} />
        {words[outcomeNow].title}
      </span>
      <p class="small">{words[outcomeNow].what}</p>
    </div>
  );
}
