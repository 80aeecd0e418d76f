/** The pages of reviews, fetched when the first of them is opened: the list, a review, and the types of reviews. */
import { namesHidden } from '../kit/identities.ts';
import { ReviewsView } from './ReviewsView.tsx';
import { ReviewView } from './ReviewView.tsx';
import { ReviewTypesView } from './types/ReviewTypesView.tsx';
import '../cases/cases.css';
import './reviews.css';
import './image/viewer.css';

export function ReviewsPages({ id }: { readonly id: string }) {
  if (id === 'types') return <ReviewTypesView />;
  return id === '' ? <ReviewsView /> : <ReviewView key={id} id={id} isAnonymous={namesHidden.value} />;
}
