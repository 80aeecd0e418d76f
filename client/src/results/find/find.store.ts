/**
 * Finds a study in the PACS, page by page. The answers name patients, so they stay in memory, and `close` erases them
 * and what was typed. QIDO-RS defines no order, so the studies found so far are sorted here, newest first.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { troubleOf } from '../../net/trouble-of.ts';
import type { Trouble } from '../../kit/trouble.ts';
import {
  ApiProblem,
  ForeignAnswer,
  isPage,
  problemOf,
  Unreachable,
  type ApiClient,
} from '../../net/api-client.ts';
import { namesHidden } from '../../kit/identities.ts';
import { findWords } from './find-words.ts';
import { NO_CRITERIA, queryOf, type Criteria } from './find-query.ts';
import { readFound, ROWS_READ, type FoundStudy } from './read-found.ts';

/** Rows of a page. Each study in an answer counts as read, so nobody is shown more than they ask for. */
export const PAGE = 50;
/** The most studies that the list holds. With more, the person has to narrow the search. */
export const HELD_LIMIT = ROWS_READ;
/** Fifty rows are about 50 kB. A longer answer could be endless, so it is refused. */
export const ANSWER_BYTES_LIMIT = 4 * 1024 * 1024;

export interface Found {
  /** Newest first. */
  readonly studies: readonly FoundStudy[];
  readonly hasMore: boolean;
  /** The list is full, and the PACS may have more. */
  readonly isFull: boolean;
  /** The gateway searched only this person's newest studies. */
  readonly isCut: boolean;
}

export interface FindStore {
  readonly criteria: ReadonlySignal<Criteria>;
  /** Null: there was no search yet. */
  readonly found: ReadonlySignal<Found | null>;
  readonly isAsking: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  set(some: Partial<Criteria>): void;
  /** Starts a new search. While names are hidden it ignores the name and Patient ID. */
  find(): Promise<void>;
  /** Reads the next page of the same search, even if the fields have changed. */
  more(): Promise<void>;
  /** Erases everything, and cancels the request in progress. */
  close(): void;
}

interface FindTools {
  readonly api: Pick<ApiClient, 'send'>;
  /** The account that searches. A request is never sent with another account's token. */
  readonly user: string;
  readonly now: () => Date;
  /** Called before each request, because its address contains the search terms, and the browser must not record it. */
  readonly noteNoAddresses: () => void;
}

type State = {
  readonly criteria: Signal<Criteria>;
  readonly found: Signal<Found | null>;
  readonly trouble: Signal<Trouble | null>;
  readonly asking: Signal<AbortController | null>;
  /** The query of `found`, and the number of rows that the PACS returned. */
  query: URLSearchParams;
  offset: number;
};

export function createFindStore(tools: FindTools): FindStore {
  const state: State = {
    criteria: signal(NO_CRITERIA),
    found: signal(null),
    trouble: signal(null),
    asking: signal(null),
    query: new URLSearchParams(),
    offset: 0,
  };
  return {
    criteria: state.criteria,
    found: state.found,
    trouble: state.trouble,
    isAsking: computed(() => state.asking.value !== null),
    set(some) {
      state.criteria.value = { ...state.criteria.peek(), ...some };
    },
    find() {
      erase(state);
      const criteria = state.criteria.peek();
      // Rows found by a name would reveal whose they are.
      const asked = namesHidden.peek() ? { ...criteria, name: '', patientID: '' } : criteria;
      state.query = queryOf(asked, tools.now());
      return ask(state, tools);
    },
    async more() {
      if (state.asking.peek() === null && state.found.peek()?.hasMore === true) await ask(state, tools);
    },
    close() {
      erase(state);
      state.criteria.value = NO_CRITERIA;
    },
  };
}

/** Erases everything except the filled-in fields. */
function erase(state: State): void {
  state.asking.peek()?.abort();
  state.asking.value = null;
  state.found.value = null;
  state.trouble.value = null;
  state.query = new URLSearchParams();
  state.offset = 0;
}

/** Requests the next page, and adds it to what is shown. */
async function ask(state: State, tools: FindTools): Promise<void> {
  const { found, trouble, asking } = state;
  const own = new AbortController();
  asking.value = own;
  trouble.value = null;
  tools.noteNoAddresses();
  try {
    const { rows, studies, isCut } = await fetchPage(state, tools, own.signal);
    own.signal.throwIfAborted();
    state.offset += rows;
    found.value = withPage(found.peek(), { studies, isCut, isLast: rows < PAGE });
  } catch (error) {
    if (!own.signal.aborted) trouble.value = troubleOfFind(error);
  } finally {
    if (asking.peek() === own) asking.value = null;
  }
}

type Page = { readonly studies: readonly FoundStudy[]; readonly isCut: boolean };

async function fetchPage(
  { query, offset }: State,
  { api, user }: FindTools,
  signal: AbortSignal,
): Promise<Page & { readonly rows: number }> {
  const page = new URLSearchParams([...query, ['limit', `${PAGE}`], ['offset', `${offset}`]]);
  const response = await api.send(`/dicom-web/studies?${page}`, {
    as: user,
    headers: { accept: 'application/dicom+json' },
    cache: 'no-store',
    signal,
  });
  if (!response.ok) throw await problemOf(response);
  if (isPage(response)) throw new ForeignAnswer(response.status);
  const answer: unknown = JSON.parse(await readWithin(response, signal));
  const studies = readFound(answer);
  if (studies === null || !Array.isArray(answer)) throw new Error('the answer is no list');
  return { rows: answer.length, studies, isCut: response.headers.has('warning') };
}

class TooLarge extends Error {}

/** @throws TooLarge; Unreachable if the answer breaks off. */
async function readWithin({ body }: Response, signal: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body?.getReader();
  let text = '';
  for (let bytes = 0; ; ) {
    const piece = await reader?.read().catch((error: unknown) => {
      signal.throwIfAborted();
      throw new Unreachable(error);
    });
    if (piece?.value === undefined) return text + decoder.decode();
    bytes += piece.value.length;
    if (bytes > ANSWER_BYTES_LIMIT) {
      await reader?.cancel();
      throw new TooLarge('the answer is too large');
    }
    text += decoder.decode(piece.value, { stream: true });
  }
}

/** A PACS without paging returns the same studies again, which means that there are no more. */
function withPage(before: Found | null, page: Page & { readonly isLast: boolean }): Found {
  const known = new Map(before?.studies.map((study) => [study.studyInstanceUID, study]));
  const had = known.size;
  for (const study of page.studies)
    if (!known.has(study.studyInstanceUID)) known.set(study.studyInstanceUID, study);
  const isNew = known.size > had;
  const isFull = known.size >= HELD_LIMIT;
  return {
    studies: [...known.values()].slice(0, HELD_LIMIT).sort(newestFirst),
    hasMore: !page.isLast && isNew && !isFull,
    isFull,
    isCut: page.isCut || (before?.isCut ?? false),
  };
}

const momentOf = ({ date, time }: FoundStudy): string => `${date} ${time}`;

/** Studies without a date come last. */
function newestFirst(one: FoundStudy, other: FoundStudy): number {
  if (momentOf(one) === momentOf(other)) return 0;
  return momentOf(one) < momentOf(other) ? 1 : -1;
}

function troubleOfFind(error: unknown): Trouble {
  if (error instanceof TooLarge) return { ...findWords.tooLarge, kind: 'stop', code: null };
  const trouble = troubleOf(error);
  const nexts: Readonly<Record<string, string>> = findWords.nexts;
  const code = error instanceof ApiProblem ? (error.anyCode ?? '') : '';
  return Object.hasOwn(nexts, code) ? { ...trouble, next: nexts[code] ?? null } : trouble;
}
