/** The number of reviews that wait for the signed-in person, shown beside each link to them. */
import { COUNTED, useOpenReviews } from './open-reviews.ts';
import { reviewsCountWords as words } from './reviews-count-words.ts';

export function ReviewsCount() {
  const count = useOpenReviews().count.value ?? 0;
  if (count === 0) return null;
  const said = count > COUNTED ? `${COUNTED}+` : `${count}`;
  return (
    <>
      <span class="tab-count numbers" aria-hidden="true">
        {said}
      </span>
      <span class="unseen">, {words.count(said, count)}</span>
    </>
  );
}
