/** A badge on the Read tab: the number of reviews that wait for this person, counted again on each page. */
import { useEffect } from 'preact/hooks';
import type { Route } from '../kit/routes.ts';
import { useOpenReviews } from '../reviews/parts/open-reviews.ts';
import { ReviewsCount } from '../reviews/parts/ReviewsCount.tsx';

export type ReviewsBadgeProps = { readonly page: Route['page'] };

export function ReviewsBadge({ page }: ReviewsBadgeProps) {
  const reviews = useOpenReviews();
  useEffect(() => void reviews.refresh(), [page]);
  useEffect(() => reviews.forget, []);
  return <ReviewsCount />;
}
