/** The mark of a settled review that another one of its case contradicts, in lists and on the review itself. */
import { Icon } from '../kit/Icon.tsx';
import { reviewWords } from './review-words.ts';

export const Contradicted = () => (
  <span class="small case-late">
    <Icon name="decide" size={16} />
    {reviewWords.contradicted}
  </span>
);
