/** The pages of cases, fetched when the first of them is opened: the list, and a case. */
import { useState } from 'preact/hooks';
import type { Route } from '../kit/routes.ts';
import { createAnonymise } from './anonymise.ts';
import { CasesView } from './CasesView.tsx';
import { CaseView } from './CaseView.tsx';

export type CasesRoute = Extract<Route, { page: 'cases' }>;

export function CasesPages({ route: { id, query } }: { readonly route: CasesRoute }) {
  const [anonymise] = useState(() => createAnonymise(localStorage));
  // The list that a case was opened from is the one to which the way back leads.
  const [listQuery, setListQuery] = useState('');
  if (id === '') {
    if (query !== listQuery) setListQuery(query);
    return <CasesView query={query} anonymise={anonymise} />;
  }
  return <CaseView key={id} id={id} listQuery={listQuery} anonymise={anonymise} />;
}
