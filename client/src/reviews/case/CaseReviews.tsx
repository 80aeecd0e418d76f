/** The reviews of a case on the case page, and *Request a reading*. */
import { useState } from 'preact/hooks';
import type { Case } from '#shared/protocol/cases.ts';
import { caseReviewsSchema, type CaseReview, type ListedReview } from '#shared/protocol/reviews.ts';
import { isEnded } from '#shared/protocol/review-state.ts';
import { useTold } from '../../net/use-told.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { WhenKnown } from '../../kit/WhenKnown.tsx';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { dueOf } from '../parts/due-of.ts';
import { imagesOf } from './fitting-types.ts';
import { HaveItRead } from './HaveItRead.tsx';
import { afterOf, outcomeOf, waitingFor } from '../parts/outcome-of.ts';
import { progressOf } from '../parts/progress-of.ts';
import { reviewWords } from '../parts/review-words.ts';
import '../parts/reviews.css';

const words = reviewWords.ofCase;
type CaseReviewsProps = { readonly of: Case; readonly isAnonymous: boolean };

export function CaseReviews({ of, isAnonymous }: CaseReviewsProps) {
  const { id: caseId } = of;
  const [isOpen, setOpen] = useState(false);
  const told = useTold(`/cases/${caseId}/reviews${isAnonymous ? '?anonymise=1' : ''}`, caseReviewsSchema);
  return (
    <section class="stack" aria-label={words.title}>
      <h2>{words.title}</h2>
      <WhenKnown of={told} loading={kitWords.looking}>
        {({ reviews }, known) => (
          <>
            {reviews.length === 0 && <p class="quiet">{words.none(known)}</p>}
            {reviews.some(({ outcomeNow }) => outcomeNow === 'contradicted') && (
              <div class="stack-tight">
                <p class="strong case-late">
                  <Icon name="decide" size={16} />
                  {words.contradicted}
                </p>
                <p class="small">{words.contradictedWhat}</p>
              </div>
            )}
            <ul class="plain">
              {reviews.map((review) => (
                <li key={review.id} class="hairline">
                  <a class="case-result" href={hrefOf({ page: 'reviews', id: review.id })}>
                    {review.title}
                  </a>
                  <span class="small quiet">
                    {aboutOf(review).filter(Boolean).join(reviewWords.separator)}
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </WhenKnown>
      <p>
        <button type="button" class="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          {words.request}
        </button>
      </p>
      {isOpen && <HaveItRead caseId={caseId} images={imagesOf(of)} onClose={() => setOpen(false)} />}
    </section>
  );
}

function aboutOf(review: CaseReview) {
  const names = isEnded(review.state) ? [] : waitingFor(review);
  const waits = names.length > 0 && words.waitsFor(names);
  const { outcomeNow } = review;
  return [
    progressOf(review),
    outcomeOf(review),
    outcomeNow !== null && outcomeNow !== 'stands' && reviewWords.outcomeNow[outcomeNow].ofCase,
    whenOf(review),
    afterOf(review),
    waits,
    dueOf(review),
  ];
}

/** The time at which the review was settled, otherwise the time at which it was requested. */
function whenOf({ openedAt, settledAt }: ListedReview): string {
  if (settledAt !== null) return formatMoment(new Date(settledAt), new Date());
  return reviewWords.list.asked(formatMoment(new Date(openedAt), new Date()));
}
