/** The views of the list of cases that this person has saved under a name. */
import type { ReadonlySignal } from '@preact/signals';
import {
  CASE_DAYS,
  caseViewSchema,
  caseViewsSchema,
  type CaseView,
  type CaseViewFilters,
} from '#shared/protocol/case-views.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { ApiClient } from '../net/api-client.ts';
import { CHOICE_NAMES } from './parts/case-filters.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource, type Resource } from '../kit/resource.ts';

export interface ViewsStore {
  readonly views: Resource<readonly CaseView[], Trouble>;
  readonly isBusy: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  /** `id` null: a new view, or the existing one with this name. Resolves to whether it was saved. */
  save(id: string | null, name: string, filters: CaseViewFilters): Promise<boolean>;
  remove(id: string): Promise<boolean>;
}

export function createViewsStore(api: Pick<ApiClient, 'json' | 'text'>): ViewsStore {
  const views = createResource<readonly CaseView[], Trouble>(troubleOf);
  const { isBusy, trouble, tried } = openAttempt(troubleOf);

  /** Another view with the same name may have been replaced, so all are read again. */
  const read = (): Promise<void> =>
    views.ask(async (signal) => (await api.json('/case-views', caseViewsSchema, { signal })).views);
  return {
    views,
    isBusy,
    trouble,
    load: read,
    save: (id, name, filters) =>
      tried(async () => {
        const [path, method] = id === null ? ['/case-views', 'POST'] : [`/case-views/${id}`, 'PUT'];
        await api.json(path, caseViewSchema, { method, body: { name, filters } });
        await read();
      }),
    remove: (id) =>
      tried(async () => {
        await api.text(`/case-views/${id}`, { method: 'DELETE' });
        await read();
      }),
  };
}

/** The saved view with exactly these filters. */
export const viewOf = (views: readonly CaseView[], filters: CaseViewFilters): CaseView | null =>
  views.find((view) =>
    [...CHOICE_NAMES, ...CASE_DAYS].every((name) => view.filters[name] === filters[name]),
  ) ?? null;
