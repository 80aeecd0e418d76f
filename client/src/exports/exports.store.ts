/** The exports of this person, as the gateway has them; those that are being made are asked for until they end. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { exportListSchema, exportSchema, type Export, type NewExport } from '#shared/protocol/exports.ts';
import { queryOf, type CaseFilters } from '../cases/case-filters.ts';
import type { CaseTrouble } from '../cases/case-trouble.ts';
import { openAttempt } from '../cases/open-attempt.ts';
import type { ApiClient } from '../net/api-client.ts';
import type { Clock } from '../pipeline/upload/clock.ts';

/** As often as a person would look. */
const ASK_AGAIN_MS = 1_500;

export interface ExportsStore {
  /** Newest first; null until loaded. */
  readonly exports: ReadonlySignal<readonly Export[] | null>;
  readonly hasMore: ReadonlySignal<boolean>;
  readonly isBusy: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<CaseTrouble | null>;
  load(): Promise<void>;
  more(): Promise<void>;
  /** Ends one that is being made, or erases its file. Resolves to whether it did. */
  cancel(id: string): Promise<boolean>;
  /** Until `until` aborts. A gateway that does not answer is asked again. */
  follow(clock: Clock, until: AbortSignal): Promise<void>;
}

export const isBeingMade = ({ state }: Export): boolean => state === 'queued' || state === 'running';

export function createExportsStore(api: Pick<ApiClient, 'json'>): ExportsStore {
  const exports = signal<readonly Export[] | null>(null);
  const next = signal<string | null>(null);
  const hasMore = signal(false);
  const { isBusy, trouble, tried } = openAttempt();
  const following = openAttempt();

  const read = async (cursor: string | null): Promise<void> => {
    const page = await api.json(`/exports${cursor === null ? '' : `?cursor=${cursor}`}`, exportListSchema);
    exports.value = [...(cursor === null ? [] : (exports.value ?? [])), ...page.exports];
    next.value = page.next;
    hasMore.value = page.next !== null;
  };
  const take = (one: Export): void => {
    exports.value = (exports.value ?? []).map((known) => (known.id === one.id ? one : known));
  };
  const look = async (made: readonly Export[], until: AbortSignal): Promise<void> => {
    for (const { id } of made) take(await api.json(`/exports/${id}`, exportSchema, { signal: until }));
  };
  return {
    exports,
    hasMore,
    isBusy,
    trouble: computed(() => trouble.value ?? following.trouble.value),
    load: async () => void (await tried(() => read(null))),
    more: async () => void (await tried(() => read(next.value))),
    cancel: (id) =>
      tried(async () => take(await api.json(`/exports/${id}/cancel`, exportSchema, { method: 'POST' }))),
    async follow(clock, until) {
      while (!until.aborted) {
        await ignoreFailure(clock.sleep(ASK_AGAIN_MS, until), 'the page was left');
        const made = until.aborted ? [] : (exports.value ?? []).filter(isBeingMade);
        if (made.length > 0) await following.tried(() => look(made, until));
      }
    },
  };
}

/** The cases that a list with these filters shows, on every one of its pages. */
export function selectionOf(filters: CaseFilters, now: Date): NewExport['selection'] {
  const query = queryOf(filters, { now, cursor: null, isAnonymous: false });
  const { sort: _, ...filter } = Object.fromEntries(new URLSearchParams(query));
  return { filter };
}
