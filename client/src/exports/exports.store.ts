/** The exports of this person as the gateway lists them. Unfinished exports are polled until they end. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ReadonlySignal } from '@preact/signals';
import type { z } from 'zod';
import { exportListSchema, exportSchema, type Export, type NewExport } from '#shared/protocol/exports.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { queryOf, type CaseFilters } from '../cases/parts/case-filters.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createPagedList, type PagedList } from '../kit/paged-list.ts';
import type { ApiClient } from '../net/api-client.ts';
import type { Clock } from '../net/clock.ts';

/** The polling interval: about as often as a person would look. */
const ASK_AGAIN_MS = 1_500;

export interface ExportsStore {
  /** The exports loaded so far, newest first. */
  readonly list: PagedList<ExportList, Trouble>;
  /** Why an export could not be cancelled or erased. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  more(): Promise<void>;
  /** Cancels an unfinished export, or erases the file of a finished one. Resolves to whether it succeeded. */
  cancel(id: string): Promise<boolean>;
  /** Polls until `until` aborts. A gateway that does not answer is asked again. */
  follow(clock: Clock, until: AbortSignal): Promise<void>;
}

type ExportList = z.infer<typeof exportListSchema>;

export const isBeingMade = ({ state }: Export): boolean => state === 'queued' || state === 'running';

export function createExportsStore(api: Pick<ApiClient, 'json'>): ExportsStore {
  const list = createPagedList<ExportList, 'exports', Trouble>(troubleOf, {
    rows: 'exports',
    idOf: ({ id }) => id,
    read: (_, cursor, signal) =>
      api.json(`/exports${cursor === null ? '' : `?cursor=${cursor}`}`, exportListSchema, { signal }),
  });
  const { trouble, tried } = openAttempt(troubleOf);

  const take = (one: Export): void =>
    list.change(({ exports, next }) => ({
      exports: exports.map((known) => (known.id === one.id ? one : known)),
      next,
    }));
  const look = async (known: ExportList, until: AbortSignal): Promise<ExportList> => {
    for (const { id } of known.exports.filter(isBeingMade))
      take(await api.json(`/exports/${id}`, exportSchema, { signal: until }));
    return list.value.peek() ?? known;
  };
  return {
    list,
    trouble,
    load: list.load,
    more: list.more,
    cancel: (id) =>
      tried(async () => take(await api.json(`/exports/${id}/cancel`, exportSchema, { method: 'POST' }))),
    async follow(clock, until) {
      while (!until.aborted) {
        await ignoreFailure(clock.sleep(ASK_AGAIN_MS, until), 'the page was left');
        const known = list.value.peek();
        if (!until.aborted && !list.isAsking.peek() && known?.exports.some(isBeingMade))
          await list.ask(() => look(known, until));
      }
    },
  };
}

/** Selects all cases that match these filters, on every page of the list. */
export function selectionOf(filters: CaseFilters, now: Date): NewExport['selection'] {
  const query = queryOf(filters, { now, cursor: null, isAnonymous: false });
  const { sort: _, ...filter } = Object.fromEntries(new URLSearchParams(query));
  return { filter };
}
