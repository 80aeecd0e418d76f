/** The pages of reviews, loaded when the first of them is opened: the list, a review, and the types of reviews. */
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

export function ReviewsPages({ id }: { readonly id: string }) {
  if (id === 'types') return <ReviewTypesView />;
  const marks = marksIn(id);
  if (marks !== null) return <StoredMarksView key={id} {...marks} />;
  return id === '' ? <ReviewsView /> : <ReviewView key={id} id={id} />;
}
