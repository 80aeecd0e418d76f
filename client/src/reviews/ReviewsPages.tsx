/** The pages of reviews, loaded when the first of them is opened: the list, a review, and the types of reviews. */
import type { ComponentChildren } from 'preact';
import { ReviewsView } from './ReviewsView.tsx';
import { ReviewView } from './review/ReviewView.tsx';
import { marksIn } from './stored/stored-marks.ts';
import { StoredMarksView } from './stored/StoredMarksView.tsx';
import { ReviewTypesView } from './types/ReviewTypesView.tsx';
import '../cases/parts/cases.css';
import '../results/list/results.css';
import '../results/result/result.css';
import '../results/stored/stored.css';
import './parts/reviews.css';
import './image/viewer.css';

/** `unread`: the studies for which nobody has asked for a reading yet. They stand below the list. */
type ReviewsPagesProps = { readonly id: string; readonly unread: ComponentChildren };

export function ReviewsPages({ id, unread }: ReviewsPagesProps) {
  if (id === 'types') return <ReviewTypesView />;
  const marks = marksIn(id);
  if (marks !== null) return <StoredMarksView key={id} {...marks} />;
  return id === '' ? <ReviewsView unread={unread} /> : <ReviewView key={id} id={id} />;
}
