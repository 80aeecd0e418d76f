/**
 * The list of results: filtered, newest first, a page at a time, and above it the jobs that are still looked
 * at. Whoever goes from one result to the next walks this list.
 */
import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals';
import { jobSchema, type Job, type Result } from '#shared/protocol/inference.ts';
import type { ApiClient } from '../net/api-client.ts';
import type { Clock } from '../pipeline/upload/clock.ts';
import { jobListSchema, resultListSchema } from './answers.ts';
import { parseFilters, queryOf, writeFilters, type Filters } from './filters.ts';
import { hasEnded } from './follow-job.ts';
import { troubleOf, type Trouble } from './trouble.ts';

export interface ResultsStore {
  readonly filters: Signal<Filters>;
  readonly results: ReadonlySignal<readonly Result[]>;
  /** `loading` also while others are fetched that fit new filters: those before stay until then. */
  readonly phase: ReadonlySignal<'loading' | 'ready' | 'failed'>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** Not ended; newest first. */
  readonly jobs: ReadonlySignal<readonly Job[]>;
  /** Failed lately, and not cleared away by a person; newest first. */
  readonly failed: ReadonlySignal<readonly Job[]>;
  clearFailed(): void;
  /** What there is to filter by: models and studies of everything that was listed so far. */
  readonly models: ReadonlySignal<readonly string[]>;
  readonly studies: ReadonlySignal<readonly string[]>;
  more(): Promise<void>;
  refresh(): Promise<void>;
  cancel(job: Job): Promise<void>;
  retry(job: Job): Promise<void>;
  /** A result that was looked at on its own page, as it is now; one that is new makes the list anew. */
  note(result: Result): void;
  /** The one before (-1) or after (1) it in the list; null at its ends, and where it is not in it. */
  neighbour(id: string, step: -1 | 1): Result | null;
  /**
   * Fetches the next page where this one is the last that is here: whoever goes from one to the next goes on.
   */
  ahead(id: string): Promise<void>;
  /** Looks for jobs, and for what they made, until the signal ends it. */
  watch(signal: AbortSignal): void;
  close(): void;
}

export interface ResultsTools {
  readonly api: Pick<ApiClient, 'json'>;
  readonly clock: Clock;
  /** The user's id. */
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly storage: Pick<Storage, 'getItem' | 'setItem'> | null;
}

const KEY = 'relaypacs-results';
/** Two screens of a tablet. */
const PAGE = 30;
/** While something is looked at; and otherwise, for a rule may begin something. */
const LIVE_MS = 2_000;
const STILL_MS = 15_000;
/** What failed or was cancelled stays above the list so long. */
const ENDED_STAYS_MS = 60 * 60 * 1000;

export function createResultsStore({ api, clock, user, now, storage }: ResultsTools): ResultsStore {
  const filters = signal(parseFilters(storage?.getItem(KEY) ?? null, user));
  const results = signal<readonly Result[]>([]);
  const phase = signal<'loading' | 'ready' | 'failed'>('loading');
  const trouble = signal<Trouble | null>(null);
  const next = signal<string | null>(null);
  const allJobs = signal<readonly Job[]>([]);
  const cleared = signal<ReadonlySet<string>>(new Set());
  const failed = computed(() =>
    allJobs.value.filter((job) => hasFailedLately(job, now()) && !cleared.value.has(job.id)),
  );
  const known = signal({ models: new Set<string>(), studies: new Set<string>() });
  const closed = new AbortController();
  let asked = 0;

  /** What a filter leaves out can still be chosen. */
  function learn(page: readonly Result[]): void {
    const [{ models, studies }, { model, study }] = [known.peek(), filters.peek()];
    known.value = {
      models: new Set([...models, ...page.map(({ finding }) => finding.model.id), model].filter(Boolean)),
      studies: new Set(
        [...studies, ...page.flatMap(({ finding }) => finding.input.studyInstanceUID ?? []), study].filter(
          Boolean,
        ),
      ),
    };
  }

  /** `isAnew`: other filters, of which nothing before is left. */
  async function fetchPage(cursor: string | null, isAnew = false): Promise<void> {
    const turn = (asked += 1);
    phase.value = 'loading';
    try {
      const query = queryOf(filters.peek(), user, new Date(now()), { limit: PAGE, cursor });
      const page = await api.json(`/results?${query}`, resultListSchema, { signal: closed.signal });
      if (turn !== asked) return;
      const below = cursor !== null || isAnew || !page.next ? [] : behind(page.results, results.peek());
      results.value = cursor === null ? [...page.results, ...below] : [...results.peek(), ...page.results];
      learn(page.results);
      // Of the pages that stay the last one says how it goes on.
      if (below.length === 0) next.value = page.next ?? null;
      trouble.value = null;
      phase.value = 'ready';
    } catch (error) {
      if (turn !== asked || closed.signal.aborted) return;
      trouble.value = troubleOf(error);
      phase.value = 'failed';
    }
  }

  const stop = effect(() => {
    const kept = writeFilters(filters.value, user);
    storage?.setItem(KEY, kept);
    untracked(() => void fetchPage(null, true));
  });

  /** A job that was live and has ended has made results, or has something to say. */
  async function askJobs(signal: AbortSignal): Promise<void> {
    const { jobs } = await api.json('/jobs', jobListSchema, { signal });
    const live = new Set(
      allJobs
        .peek()
        .filter((job) => !hasEnded(job))
        .map(({ id }) => id),
    );
    allJobs.value = jobs;
    if (jobs.some((job) => live.has(job.id) && job.state === 'done')) await fetchPage(null);
  }

  async function watchJobs(signal: AbortSignal): Promise<void> {
    for (;;) {
      // Unreachable for a moment: the list says so, where it has to be fetched.
      await askJobs(signal).catch(() => undefined);
      await clock.sleep(allJobs.peek().some((job) => !hasEnded(job)) ? LIVE_MS : STILL_MS, signal);
    }
  }

  async function more(): Promise<void> {
    if (next.peek() !== null && phase.peek() !== 'loading') await fetchPage(next.peek());
  }

  async function change(path: string, method: 'DELETE' | 'POST'): Promise<void> {
    try {
      const job = await api.json(path, jobSchema, { method });
      allJobs.value = allJobs.peek().map((known) => (known.id === job.id ? job : known));
      trouble.value = null;
    } catch (error) {
      trouble.value = troubleOf(error);
    }
  }

  return {
    filters,
    results,
    phase,
    trouble,
    hasMore: computed(() => next.value !== null),
    models: computed(() => [...known.value.models].sort()),
    studies: computed(() => [...known.value.studies]),
    jobs: computed(() => allJobs.value.filter((job) => !hasEnded(job))),
    failed,
    clearFailed: () =>
      void (cleared.value = new Set([...cleared.peek(), ...failed.peek().map(({ id }) => id)])),
    more,
    refresh: async () => void (phase.peek() !== 'loading' && (await fetchPage(null))),
    cancel: ({ id }) => change(`/jobs/${id}`, 'DELETE'),
    retry: ({ id }) => change(`/jobs/${id}/retry`, 'POST'),
    note(result) {
      if (!results.peek().some(({ id }) => id === result.id) && phase.peek() === 'ready')
        return void fetchPage(null);
      results.value = results.peek().map((known) => (known.id === result.id ? result : known));
    },
    neighbour(id, step) {
      const at = results.value.findIndex((result) => result.id === id);
      return at < 0 ? null : (results.value[at + step] ?? null);
    },
    ahead: async (id) => void (results.peek().at(-1)?.id === id && (await more())),
    watch: (signal) => void watchJobs(AbortSignal.any([signal, closed.signal])).catch(() => undefined),
    close() {
      stop();
      closed.abort();
    },
  };
}

/** What was listed below the first page, as that is now; nothing where they do not meet. */
function behind(first: readonly Result[], known: readonly Result[]): readonly Result[] {
  const at = known.findIndex(({ id }) => id === first.at(-1)?.id);
  return at < 0 ? [] : known.slice(at + 1);
}

function hasFailedLately(job: Job, now: number): boolean {
  const endedAt = Date.parse(job.finishedAt ?? job.createdAt);
  return job.state === 'failed' && now - endedAt < ENDED_STAYS_MS;
}
