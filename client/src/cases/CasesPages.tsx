/** The pages of cases and of their reviews, fetched when the first of them is opened: lists, a case, a review. */
import { useState } from 'preact/hooks';
import type { Route } from '../kit/routes.ts';
import { ReviewsPages } from '../reviews/ReviewsPages.tsx';
import { createAnonymise } from './anonymise.ts';
import { CasesView } from './CasesView.tsx';
import { CaseView } from './CaseView.tsx';

export type CasesRoute = Extract<Route, { page: 'cases' | 'reviews' }>;
type OwnRoute = Extract<Route, { page: 'cases' }>;

export function CasesPages({ route }: { readonly route: CasesRoute }) {
  return route.page === 'reviews' ? <ReviewsPages id={route.id} /> : <OwnPages route={route} />;
}

function OwnPages({ route: { id, query } }: { readonly route: OwnRoute }) {
  const [anonymise] = useState(() => createAnonymise(localStorage));
  // The list that a case was opened from is the one to which the way back leads.
  const [listQuery, setListQuery] = useState('');
  if (id === '') {
    if (query !== listQuery) setListQuery(query);
    return <CasesView query={query} anonymise={anonymise} />;
  }
  return <CaseView key={id} id={id} listQuery={listQuery} anonymise={anonymise} />;
}
