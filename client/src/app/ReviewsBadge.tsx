/**
 * A badge on the Read tab: the number of reviews that wait for this person, counted again on each page and while it is
 * in sight.
 */
import { useEffect } from 'preact/hooks';
import { refreshInSight } from '../kit/refresh-in-sight.ts';
import type { Route } from '../kit/routes.ts';
import { useOpenReviews } from '../reviews/parts/open-reviews.ts';
import { ReviewsCount } from '../reviews/parts/ReviewsCount.tsx';

const REFRESH_MS = 30_000;

export type ReviewsBadgeProps = { readonly page: Route['page'] };

export function ReviewsBadge({ page }: ReviewsBadgeProps) {
  const reviews = useOpenReviews();
  useEffect(() => void reviews.refresh(), [page]);
  useEffect(() => refreshInSight(() => void reviews.refresh(), REFRESH_MS), []);
  useEffect(() => reviews.forget, []);
  return <ReviewsCount />;
}
