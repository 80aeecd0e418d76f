/** The studies that wait to be read, page by page, and their number. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { unreadStudiesSchema, type UnreadStudy } from '#shared/protocol/unread-studies.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { openAttempt, type Attempt } from '../kit/open-attempt.ts';
import { createPagedList, type PagedList } from '../kit/paged-list.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';

export interface UnreadStore {
  readonly count: Resource<number, Trouble>;
  readonly list: PagedList<UnreadList, Trouble>;
  /** Study Instance UIDs of studies that somebody here has just marked as needing no reading. */
  readonly waived: ReadonlySignal<ReadonlySet<string>>;
  /** Marking as needing no reading: whether a request is in progress, or why it failed. */
  readonly waiving: Pick<Attempt<Trouble>, 'isBusy' | 'trouble'>;
  load(): Promise<void>;
  /** Asks again, unless a row was waived here: it stays until the page is left, so that it can be undone. */
  refresh(): Promise<void>;
  waive(studyInstanceUID: string, isWaived: boolean): Promise<void>;
  close(): void;
}

/** Null: there are no more. */
type UnreadList = { readonly studies: readonly UnreadStudy[]; readonly next: string | null };

const PATH = '/cases/unread-studies';

export function createUnreadStore(api: Pick<ApiClient, 'json' | 'text'>): UnreadStore {
  const count = createResource<number, Trouble>(troubleOf);
  const waived = signal<ReadonlySet<string>>(new Set());
  const { tried, ...waiving } = openAttempt(troubleOf);
  const ask = (query: string, signal: AbortSignal) =>
    api.json(`${PATH}${query}`, unreadStudiesSchema, { signal });
  const tell = (): Promise<void> => count.ask(async (until) => (await ask('?limit=0', until)).count ?? 0);
  const list = createPagedList<UnreadList, 'studies', Trouble>(troubleOf, {
    rows: 'studies',
    idOf: ({ studyInstanceUID }) => studyInstanceUID,
    read: (_, cursor, signal) => ask(cursor === null ? '' : `?cursor=${cursor}`, signal),
  });
  return {
    ...{ count, list, waived, waiving },
    async load() {
      await Promise.all([list.load(), tell()]);
    },
    async refresh() {
      if (waived.peek().size === 0 && !waiving.isBusy.peek()) await Promise.all([list.refresh(), tell()]);
    },
    async waive(uid, isWaived) {
      await tried(async () => {
        // A refresh that is under way would take the row away.
        const shown = list.value.peek();
        if (shown !== null) list.take(shown);
        await api.text(`${PATH}/${uid}/waiver`, { method: isWaived ? 'PUT' : 'DELETE' });
        waived.value = new Set(
          isWaived ? [...waived.value, uid] : [...waived.value].filter((one) => one !== uid),
        );
        await tell();
      });
    },
    close() {
      count.close();
      list.close();
    },
  };
}
