/**
 * Finding a study in the PACS, page by page. The answers name patients: they are only in memory, and `close` erases
 * them and what was typed. QIDO-RS knows no order: studies are sorted here, the newest first, as far as they are known.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import {
  ApiProblem,
  ForeignAnswer,
  isPage,
  problemOf,
  Unreachable,
  type ApiClient,
} from '../net/api-client.ts';
import { namesHidden } from '../kit/identities.ts';
import { findWords } from './find-words.ts';
import { NO_CRITERIA, queryOf, type Criteria } from './find-query.ts';
import { readFound, ROWS_READ, type FoundStudy } from './read-found.ts';

/** Rows of a page. Each study in an answer counts as read: nobody is shown more than they ask for. */
export const PAGE = 50;
/** More are not held: a person narrows the search. */
export const HELD_LIMIT = ROWS_READ;
/** Fifty rows are some 50 kB. One more byte may be the first of many. */
export const ANSWER_BYTES_LIMIT = 4 * 1024 * 1024;

export interface Found {
  /** The newest first. */
  readonly studies: readonly FoundStudy[];
  readonly hasMore: boolean;
  /** The list holds as many as it can: the PACS may have more. */
  readonly isFull: boolean;
  /** The gateway searched only the newest of this person's studies. */
  readonly isCut: boolean;
}

export interface FindStore {
  readonly criteria: ReadonlySignal<Criteria>;
  /** Null: nothing was searched for. */
  readonly found: ReadonlySignal<Found | null>;
  readonly isAsking: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  set(some: Partial<Criteria>): void;
  /** Replaces what was found before. Not by a name or a Patient ID while names are hidden. */
  find(): Promise<void>;
  /** The next page of the same search, whatever is filled in by now. */
  more(): Promise<void>;
  /** Erases everything, and ends what is asked. */
  close(): void;
}

interface FindTools {
  readonly api: Pick<ApiClient, 'send'>;
  /** The account that searches: no other's token goes with it. */
  readonly user: string;
  readonly now: () => Date;
  /** Before each request: its address holds what was searched for, and the browser must not note it. */
  readonly noteNoAddresses: () => void;
}

type State = {
  readonly criteria: Signal<Criteria>;
  readonly found: Signal<Found | null>;
  readonly trouble: Signal<Trouble | null>;
  readonly asking: Signal<AbortController | null>;
  /** The search of `found`, and the rows that the PACS gave. */
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
      // Rows that are found by a name would say whose they are.
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

/** Everything but what is filled in. */
function erase(state: State): void {
  state.asking.peek()?.abort();
  state.asking.value = null;
  state.found.value = null;
  state.trouble.value = null;
  state.query = new URLSearchParams();
  state.offset = 0;
}

/** Asks for the next page, and adds it to what is there. */
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

/** @throws TooLarge; Unreachable where the answer breaks off. */
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

/** A PACS that knows no pages gives the same ones again: then there are no more. */
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
