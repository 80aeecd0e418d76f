/**
 * The pages of cases, their reviews and their exports, loaded when the first of them is opened. Insights are also
 * reached through here, but loaded only when it is opened.
 */
import { useState } from 'preact/hooks';
import type { AnalyticsRoute } from '../analytics/AnalyticsPages.tsx';
import { deferred } from '../kit/deferred.tsx';
import type { Route } from '../kit/routes.ts';
import { ExportsView } from '../exports/ExportsView.tsx';
import { ReviewsPages } from '../reviews/ReviewsPages.tsx';
import { CasesView } from './CasesView.tsx';
import { CaseView } from './CaseView.tsx';

const AnalyticsPages = deferred<{ route: AnalyticsRoute }>(() =>
  import('../analytics/AnalyticsPages.tsx').then((view) => view.AnalyticsPages),
);

export type CasesRoute = Extract<Route, { page: 'cases' | 'reviews' | 'exports' | 'analytics' }>;
type OwnRoute = Extract<Route, { page: 'cases' }>;

export function CasesPages({ route }: { readonly route: CasesRoute }) {
  if (route.page === 'analytics') return <AnalyticsPages route={route} />;
  if (route.page === 'exports') return <ExportsView />;
  if (route.page === 'cases') return <OwnPages route={route} />;
  return <ReviewsPages id={route.id} />;
}

function OwnPages({ route: { id, query } }: { readonly route: OwnRoute }) {
  // The Back link of a case leads to the list from which it was opened.
  const [listQuery, setListQuery] = useState('');
  if (id === '') {
    if (query !== listQuery) setListQuery(query);
    return <CasesView query={query} />;
  }
  return <CaseView key={id} id={id} listQuery={listQuery} />;
}
