/**
 * The list of results, filtered, newest first, a page at a time, with the running jobs above it. Stepping from one
 * result to the next follows this list.
 */
import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { jobSchema, resultSchema, type Job, type Result } from '#shared/protocol/inference.ts';
import { troubleOf } from '../../net/trouble-of.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { createPagedList, type PagedList } from '../../kit/paged-list.ts';
import { troubleIn } from '../../kit/resource.ts';
import type { ApiClient } from '../../net/api-client.ts';
import type { Clock } from '../../net/clock.ts';
import { jobListSchema, resultChoicesSchema, resultListSchema } from './answers.ts';
import { ALL, FILTERS_KEY, fits, parseFilters, queryOf, writeFilters, type Filters } from './filters.ts';
import { hasEnded } from './follow-job.ts';

export interface ResultsStore {
  readonly filters: Signal<Filters>;
  readonly results: ReadonlySignal<readonly Result[]>;
  /**
   * Also `loading` while results for new filters are fetched. Known results that fit the new filters are shown
   * meanwhile.
   */
  readonly phase: ReadonlySignal<'loading' | 'ready' | 'failed'>;
  /** The results for the current filters, once they are known. */
  readonly pages: PagedList<ResultPage, Trouble, Filters>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** Lists only the study of this result. @throws what the gateway answers otherwise, and the signal's reason. */
  showStudyOf(resultId: string, signal: AbortSignal): Promise<void>;
  /** Jobs that have not ended, newest first. */
  readonly jobs: ReadonlySignal<readonly Job[]>;
  /** Jobs that failed recently and were not cleared by a person, newest first. */
  readonly failed: ReadonlySignal<readonly Job[]>;
  clearFailed(): void;
  /** Adds the filter options that the gateway offers: many, so only for a person who is about to filter. */
  learnChoices(): void;
  /** The filter options: models and studies of what was listed, and those that the gateway offers. */
  readonly models: ReadonlySignal<readonly string[]>;
  readonly studies: ReadonlySignal<readonly string[]>;
  /** The newest result of each of these studies, even if a filter hides it. */
  readonly newest: ReadonlySignal<readonly Result[]>;
  more(): Promise<void>;
  /** The next page of the other images that a row represents. @throws what the gateway answers otherwise. */
  unfold(row: Result, cursor: string | null, signal: AbortSignal): Promise<ResultPage>;
  refresh(): Promise<void>;
  cancel(job: Job): Promise<void>;
  retry(job: Job): Promise<void>;
  /** Updates the list with a result as its own page shows it. If it is not listed, the list is loaded again. */
  note(result: Result): void;
  /** The result before (-1) or after (1) this one; null at the ends of the list, and if this one is not listed. */
  neighbour(id: string, step: -1 | 1): Result | null;
  /** Loads the next page if this result is the last one listed, so that its successor is ready in time. */
  ahead(id: string): Promise<void>;
  /** Watches jobs and their results until the signal aborts. */
  watch(signal: AbortSignal): void;
  close(): void;
}

/** `next`: the cursor of the following page; null: there is none. */
export type ResultPage = { readonly results: readonly Result[]; readonly next: string | null };

interface ResultsTools {
  readonly api: Pick<ApiClient, 'json'>;
  readonly clock: Clock;
  /** The user's id. */
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly storage: Pick<Storage, 'getItem' | 'setItem'> | null;
}

/** Two screens of a tablet. */
const PAGE = 30;
/** The polling intervals: while a job runs, and otherwise, because a rule of the gateway may start one. */
const LIVE_MS = 2_000;
const STILL_MS = 15_000;
/** How long failed jobs stay above the list. */
const ENDED_STAYS_MS = 60 * 60 * 1000;

/** The models and studies known so far; `newest` is keyed by Study Instance UID. */
type Known = {
  readonly models: ReadonlySet<string>;
  readonly studies: ReadonlySet<string>;
  readonly newest: ReadonlyMap<string, Result>;
};

type State = {
  readonly filters: Signal<Filters>;
  readonly pages: PagedList<ResultPage, Trouble, Filters>;
  /** Results of earlier filters that fit the new ones, shown while the new list is being fetched. */
  readonly fitting: Signal<readonly Result[]>;
  readonly results: ReadonlySignal<readonly Result[]>;
  readonly phase: ResultsStore['phase'];
  /** Why a job could not be changed. */
  readonly jobTrouble: Signal<Trouble | null>;
  readonly allJobs: Signal<readonly Job[]>;
  /** Failed jobs that a person has cleared away. */
  readonly cleared: Signal<ReadonlySet<string>>;
  readonly known: Signal<Known>;
  /** The images that rows represent, by the id of the row, as far as a person has unfolded them. */
  readonly unfolded: Map<string, readonly Result[]>;
  readonly closed: AbortController;
};

export function createResultsStore(tools: ResultsTools): ResultsStore {
  const state = createState(tools);
  const { filters, pages, results, phase, jobTrouble, allJobs, cleared, known, closed } = state;
  const failed = computed(() =>
    allJobs.value.filter((job) => hasFailedLately(job, tools.now()) && !cleared.value.has(job.id)),
  );
  let asksChoices = false;
  const stops = [followFilters(state, tools), followPages(state)];
  return {
    filters,
    pages,
    results,
    phase,
    trouble: computed(() => jobTrouble.value ?? troubleIn(pages.answer.value)),
    hasMore: computed(() => (pages.value.value?.next ?? null) !== null),
    async showStudyOf(id, signal) {
      const { finding } = await tools.api.json(`/results/${id}`, resultSchema, { signal });
      signal.throwIfAborted();
      filters.value = { ...ALL, study: finding.input.studyInstanceUID ?? '' };
    },
    learnChoices() {
      if (!asksChoices) void askChoices(state, tools);
      asksChoices = true;
    },
    models: computed(() => [...known.value.models].sort()),
    studies: computed(() => [...known.value.studies]),
    newest: computed(() => [...known.value.newest.values()]),
    jobs: computed(() => allJobs.value.filter((job) => !hasEnded(job))),
    failed,
    clearFailed() {
      cleared.value = new Set([...cleared.peek(), ...failed.peek().map(({ id }) => id)]);
    },
    more: pages.more,
    unfold: (row, cursor, signal) => unfold(state, tools, { row, cursor, signal }),
    async refresh() {
      if (phase.peek() === 'loading') return;
      await Promise.all([pages.refresh(), asksChoices && askChoices(state, tools)]);
    },
    cancel: ({ id }) => change(state, tools, { path: `/jobs/${id}`, method: 'DELETE' }),
    retry: ({ id }) => change(state, tools, { path: `/jobs/${id}/retry`, method: 'POST' }),
    note: (result) => note(state, result),
    neighbour: (id, step) => neighbour(state, id, step),
    async ahead(id) {
      if (results.peek().at(-1)?.id === id) await pages.more();
    },
    watch(signal) {
      void ignoreFailure(
        watchJobs(state, tools, AbortSignal.any([signal, closed.signal])),
        'watching ends only by abort',
      );
    },
    close() {
      for (const stop of stops) stop();
      pages.close();
      closed.abort();
    },
  };
}

function createState({ api, storage, user, now }: ResultsTools): State {
  const pages = createPagedList<ResultPage, 'results', Trouble, Filters>(troubleOf, {
    rows: 'results',
    idOf: ({ id }) => id,
    async read(filters, cursor, signal) {
      const query = queryOf(filters, user, new Date(now()), { limit: PAGE, cursor });
      const { results, next = null } = await api.json(`/results?${query}`, resultListSchema, { signal });
      return { results, next };
    },
  });
  const fitting = signal<readonly Result[]>([]);
  return {
    filters: signal(parseFilters(storage?.getItem(FILTERS_KEY) ?? null, user)),
    pages,
    fitting,
    results: computed(() => pages.value.value?.results ?? fitting.value),
    phase: computed(() => {
      if (pages.isAsking.value) return 'loading';
      return troubleIn(pages.answer.value) === null ? 'ready' : 'failed';
    }),
    jobTrouble: signal(null),
    allJobs: signal([]),
    cleared: signal(new Set<string>()),
    known: signal<Known>({ models: new Set<string>(), studies: new Set<string>(), newest: new Map() }),
    unfolded: new Map(),
    closed: new AbortController(),
  };
}

/** Loads the list for new filters. Meanwhile, only known results that fit them stay. */
function followFilters({ filters, pages, results, fitting }: State, { storage, user }: ResultsTools) {
  return effect(() => {
    const chosen = filters.value;
    storage?.setItem(FILTERS_KEY, writeFilters(chosen, user));
    untracked(() => {
      fitting.value = results.peek().filter((result) => fits(result, chosen));
      pages.forget();
      void pages.load(chosen);
    });
  });
}

function followPages(state: State) {
  return effect(() => {
    const page = state.pages.value.value;
    if (page === null) return;
    untracked(() => {
      moveUnfolded(state);
      learn(state, page.results);
      state.jobTrouble.value = null;
    });
  });
}

/** Adds models and studies to the filter options, so that those hidden by a filter can still be chosen. */
function learn({ known, filters }: State, page: readonly Result[], more: readonly string[] = []): void {
  const { models, studies, newest } = known.peek();
  const { model, study } = filters.peek();
  const ofPage = page.map(({ finding }) => finding);
  known.value = {
    models: new Set(
      [...models, ...more, ...ofPage.map((finding) => finding.model.id), model].filter(Boolean),
    ),
    studies: new Set(
      [...studies, ...ofPage.flatMap((finding) => finding.input.studyInstanceUID ?? []), study].filter(
        Boolean,
      ),
    ),
    newest: newestOfStudies([...page, ...newest.values()]),
  };
}

/** The filters also offer models and studies that the loaded pages do not contain. */
async function askChoices(state: State, { api }: ResultsTools): Promise<void> {
  const ask = async () => {
    const { signal } = state.closed;
    const { models, newest } = await api.json('/results/choices', resultChoicesSchema, { signal });
    learn(state, newest, models);
  };
  await ignoreFailure(ask(), 'the list itself says when the gateway is unreachable');
}

type UnfoldAsked = { readonly row: Result; readonly cursor: string | null; readonly signal: AbortSignal };

async function unfold(
  { filters, unfolded }: State,
  { api, user, now }: ResultsTools,
  { row, cursor, signal }: UnfoldAsked,
): Promise<ResultPage> {
  const query = new URLSearchParams(queryOf(filters.peek(), user, new Date(now()), { limit: PAGE, cursor }));
  query.delete('folded');
  query.set('alike', row.id);
  const { results, next } = await api.json(`/results?${query}`, resultListSchema, { signal });
  unfolded.set(row.id, [...(cursor === null ? [] : (unfolded.get(row.id) ?? [])), ...results]);
  return { results, next: next ?? null };
}

function newestOfStudies(results: readonly Result[]): ReadonlyMap<string, Result> {
  const newest = new Map<string, Result>();
  for (const result of results) {
    const study = result.finding.input.studyInstanceUID;
    if (study !== undefined && (newest.get(study)?.createdAt ?? '') < result.createdAt)
      newest.set(study, result);
  }
  return newest;
}

/** Lists the jobs. If a running job is done, it has made results, so the list is refreshed. */
async function askJobs(state: State, tools: ResultsTools, signal: AbortSignal): Promise<void> {
  const { jobs } = await tools.api.json('/jobs', jobListSchema, { signal });
  const before = state.allJobs.peek().filter((job) => !hasEnded(job));
  const live = new Set(before.map(({ id }) => id));
  state.allJobs.value = jobs;
  if (jobs.some((job) => live.has(job.id) && job.state === 'done')) await state.pages.refresh();
}

async function watchJobs(state: State, tools: ResultsTools, signal: AbortSignal): Promise<void> {
  for (;;) {
    await ignoreFailure(
      askJobs(state, tools, signal),
      'the list itself says when the gateway is unreachable',
    );
    const isLive = state.allJobs.peek().some((job) => !hasEnded(job));
    await tools.clock.sleep(isLive ? LIVE_MS : STILL_MS, signal);
  }
}

type Change = { readonly path: string; readonly method: 'DELETE' | 'POST' };

async function change(
  { allJobs, jobTrouble }: State,
  { api }: ResultsTools,
  { path, method }: Change,
): Promise<void> {
  try {
    const job = await api.json(path, jobSchema, { method });
    allJobs.value = allJobs.peek().map((known) => (known.id === job.id ? job : known));
    jobTrouble.value = null;
  } catch (error) {
    jobTrouble.value = troubleOf(error);
  }
}

function note({ pages, results, phase, fitting }: State, result: Result): void {
  const isListed = results.peek().some(({ id }) => id === result.id);
  if (!isListed && phase.peek() === 'ready') void pages.refresh();
  if (!isListed) return;
  const noted = results.peek().map((known) => {
    if (known.id !== result.id) return known;
    // The images that the row represents stay below it until the list is fetched again.
    return known.alike === undefined ? result : { ...result, alike: known.alike };
  });
  fitting.value = noted;
  pages.change((page) => ({ ...page, results: noted }));
}

/**
 * Moves unfolded images to the row that now represents them, because an image that was judged becomes a row of its own.
 */
function moveUnfolded({ results, unfolded }: State): void {
  const rows = results.peek().filter(({ alike }) => alike !== undefined);
  for (const [id, images] of [...unfolded]) {
    if (rows.some((row) => row.id === id)) continue;
    unfolded.delete(id);
    const at = images.findIndex((image) => rows.some((row) => row.id === image.id));
    const row = images[at];
    if (row !== undefined && !unfolded.has(row.id)) unfolded.set(row.id, images.toSpliced(at, 1));
  }
}

function neighbour({ results, unfolded }: State, id: string, step: -1 | 1): Result | null {
  const inOrder = results.value.flatMap((row) => [row, ...(unfolded.get(row.id) ?? [])]);
  const at = inOrder.findIndex((result) => result.id === id);
  return at < 0 ? null : (inOrder[at + step] ?? null);
}

function hasFailedLately(job: Job, now: number): boolean {
  const endedAt = Date.parse(job.finishedAt ?? job.createdAt);
  return job.state === 'failed' && now - endedAt < ENDED_STAYS_MS;
}
