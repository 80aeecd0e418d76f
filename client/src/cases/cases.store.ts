/** The list of cases: filtered, in the chosen order, a page at a time. */
import {
  caseListSchema,
  foundCaseListSchema,
  type CasePart,
  type ListedCase,
} from '#shared/protocol/cases.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';
import { queryOf, type CaseFilters } from './parts/case-filters.ts';

/** The cases that are asked for: other ones begin a new list. */
export type Asked = {
  readonly filters: CaseFilters;
  readonly isAnonymous: boolean;
  /** The name or Patient ID that the PACS is asked for; empty: nobody's. It comes into no address. */
  readonly patient: string;
};

export type CasesPage = {
  readonly cases: readonly ListedCase[];
  readonly next: string | null;
  /** The parts of cases that this person is not shown. */
  readonly withheld: readonly CasePart[];
  /** The PACS may have more studies of this patient's name than were looked at. */
  readonly isCut: boolean;
};

export interface CasesStore {
  /** The cases, as far as they were asked for. */
  readonly list: Resource<CasesPage, Trouble>;
  /** The first page. */
  load(asked: Asked): Promise<void>;
  more(): Promise<void>;
  close(): void;
}

export function createCasesStore(api: Pick<ApiClient, 'json'>, now: () => Date): CasesStore {
  const list = createResource<CasesPage, Trouble>(troubleOf);
  let shown: Asked | null = null;

  const fetchPage = (asked: Asked, before: CasesPage | null): Promise<void> =>
    list.ask(async (signal) => {
      const cursor = before?.next ?? null;
      const query = queryOf(asked.filters, { now: now(), cursor, isAnonymous: asked.isAnonymous });
      const page = await readPage(api, { query, patient: asked.patient, signal });
      return before === null ? page : { ...page, cases: merged(before.cases, page.cases) };
    });
  return {
    list,
    async load(asked) {
      // The cases of others are no answer to the search for a patient.
      if (asked.patient !== (shown?.patient ?? '')) list.forget();
      shown = asked;
      await fetchPage(asked, null);
    },
    async more() {
      const before = list.value.peek();
      if (shown !== null && before?.next) await fetchPage(shown, before);
    },
    close: list.close,
  };
}

type PageAsked = { readonly query: string; readonly patient: string; readonly signal: AbortSignal };

async function readPage(api: Pick<ApiClient, 'json'>, { query, patient, signal: until }: PageAsked) {
  if (patient === '')
    return { ...(await api.json(`/cases?${query}`, caseListSchema, { signal: until })), isCut: false };
  const asked = { method: 'POST', body: { patient }, signal: until };
  return api.json(`/cases/of-patient?${query}`, foundCaseListSchema, asked);
}

/** A case that has moved since the page before stands once. */
function merged(known: readonly ListedCase[], more: readonly ListedCase[]): readonly ListedCase[] {
  const ids = new Set(known.map(({ id }) => id));
  return [...known, ...more.filter(({ id }) => !ids.has(id))];
}
