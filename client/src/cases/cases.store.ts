/** The list of cases: filtered, in the chosen order, a page at a time. */
import {
  caseListSchema,
  foundCaseListSchema,
  type CasePart,
  type ListedCase,
} from '#shared/protocol/cases.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { createPagedList, type PagedList } from '../kit/paged-list.ts';
import type { ApiClient } from '../net/api-client.ts';
import { queryOf, type CaseFilters } from './parts/case-filters.ts';

/** What the list is asked for; a different question starts a new list. */
type Asked = {
  readonly filters: CaseFilters;
  readonly isAnonymous: boolean;
  /** A name, Patient ID, number or UID that is searched for without appearing in an address; empty: no such search. */
  readonly typed: string;
};

type CasesPage = {
  readonly cases: readonly ListedCase[];
  readonly next: string | null;
  /** The parts of cases that this person may not see. */
  readonly withheld: readonly CasePart[];
  /** The PACS may have more studies of patients with this name than were checked. */
  readonly isCut: boolean;
  /** The PACS could not be asked, and nobody was searched for by name or Patient ID. */
  readonly isPacsAway: boolean;
};

export type CasesStore = PagedList<CasesPage, Trouble, Asked>;

export function createCasesStore(api: Pick<ApiClient, 'json'>, now: () => Date): CasesStore {
  const list = createPagedList<CasesPage, 'cases', Trouble, Asked>(troubleOf, {
    rows: 'cases',
    idOf: ({ id }) => id,
    read: ({ filters, isAnonymous, typed }, cursor, signal) =>
      readPage(api, { query: queryOf(filters, { now: now(), cursor, isAnonymous, typed }), typed, signal }),
  });
  let shown = '';
  return {
    ...list,
    async load(asked) {
      // Cases of other patients must not be shown as the answer to a search for a patient.
      if (asked.typed !== shown) list.forget();
      shown = asked.typed;
      await list.load(asked);
    },
  };
}

type PageAsked = { readonly query: string; readonly typed: string; readonly signal: AbortSignal };

async function readPage(api: Pick<ApiClient, 'json'>, { query, typed, signal: until }: PageAsked) {
  if (typed === '') {
    const page = await api.json(`/cases?${query}`, caseListSchema, { signal: until });
    return { ...page, isCut: false, isPacsAway: false };
  }
  const asked = { method: 'POST', body: { patient: typed }, signal: until };
  return api.json(`/cases/of-patient?${query}`, foundCaseListSchema, asked);
}
