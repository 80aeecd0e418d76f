/** The list of cases: filtered, in the chosen order, a page at a time. */
import { signal, type ReadonlySignal } from '@preact/signals';
import {
  caseListSchema,
  foundCaseListSchema,
  type CasePart,
  type ListedCase,
} from '#shared/protocol/cases.ts';
import type { ApiClient } from '../net/api-client.ts';
import { queryOf, type CaseFilters } from './case-filters.ts';
import { troubleOf, type CaseTrouble } from './case-trouble.ts';

/** The cases that are asked for: other ones begin a new list. */
export type Asked = {
  readonly filters: CaseFilters;
  readonly isAnonymous: boolean;
  /** The name or Patient ID that the PACS is asked for; empty: nobody's. It comes into no address. */
  readonly patient: string;
};

export interface CasesStore {
  /** Null until loaded. */
  readonly cases: ReadonlySignal<readonly ListedCase[] | null>;
  /** The parts of cases that this person is not shown. */
  readonly withheld: ReadonlySignal<readonly CasePart[]>;
  readonly isBusy: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<CaseTrouble | null>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** The PACS may have more studies of this patient's name than were looked at. */
  readonly isCut: ReadonlySignal<boolean>;
  /** The first page. */
  load(asked: Asked): Promise<void>;
  more(): Promise<void>;
  close(): void;
}

export function createCasesStore(api: Pick<ApiClient, 'json'>, now: () => Date): CasesStore {
  const cases = signal<readonly ListedCase[] | null>(null);
  const withheld = signal<readonly CasePart[]>([]);
  const isBusy = signal(false);
  const trouble = signal<CaseTrouble | null>(null);
  const hasMore = signal(false);
  const isCut = signal(false);
  let shown: (Asked & { readonly next: string | null }) | null = null;
  let asking = new AbortController();

  /** An answer that comes after another question was asked is dropped. */
  const fetchPage = async (asked: Asked, cursor: string | null): Promise<void> => {
    asking.abort();
    const mine = new AbortController();
    asking = mine;
    isBusy.value = true;
    trouble.value = null;
    try {
      const query = queryOf(asked.filters, { now: now(), cursor, isAnonymous: asked.isAnonymous });
      const page = await readPage(api, { query, patient: asked.patient, signal: mine.signal });
      cases.value = cursor === null ? page.cases : merged(cases.peek() ?? [], page.cases);
      withheld.value = page.withheld;
      hasMore.value = page.next !== null;
      isCut.value = page.isCut;
      shown = { ...asked, next: page.next };
    } catch (error) {
      if (mine.signal.aborted) return;
      trouble.value = troubleOf(error);
      // The cases of others are no answer to the search for a patient.
      if (asked.patient !== '' && cursor === null) cases.value = null;
    } finally {
      if (asking === mine) isBusy.value = false;
    }
  };
  return {
    cases,
    withheld,
    isBusy,
    trouble,
    hasMore,
    isCut,
    load: (asked) => fetchPage(asked, null),
    async more() {
      if (shown?.next) await fetchPage(shown, shown.next);
    },
    close: () => asking.abort(),
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
