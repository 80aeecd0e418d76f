/** The studies that wait to be read, a page at a time, and how many there are. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { unreadStudiesSchema, type UnreadStudy } from '#shared/protocol/unread-studies.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { openAttempt, type Attempt } from '../kit/open-attempt.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';

export interface UnreadStore {
  readonly count: Resource<number, Trouble>;
  readonly list: Resource<UnreadList, Trouble>;
  /** By Study Instance UID: somebody has just said here that they need no reading. */
  readonly waived: ReadonlySignal<ReadonlySet<string>>;
  /** Saying so is under way, or why it failed. */
  readonly waiving: Pick<Attempt<Trouble>, 'isBusy' | 'trouble'>;
  /** Only how many there are. */
  tell(): Promise<void>;
  load(): Promise<void>;
  more(): Promise<void>;
  waive(studyInstanceUID: string, isWaived: boolean): Promise<void>;
  close(): void;
}

/** Null: there are no more. */
type UnreadList = { readonly studies: readonly UnreadStudy[]; readonly next: string | null };

const PATH = '/cases/unread-studies';

export function createUnreadStore(api: Pick<ApiClient, 'json' | 'text'>): UnreadStore {
  const count = createResource<number, Trouble>(troubleOf);
  const list = createResource<UnreadList, Trouble>(troubleOf);
  const waived = signal<ReadonlySet<string>>(new Set());
  const { tried, ...waiving } = openAttempt(troubleOf);
  const ask = (query: string, signal: AbortSignal) =>
    api.json(`${PATH}${query}`, unreadStudiesSchema, { signal });
  const tell = (): Promise<void> => count.ask(async (until) => (await ask('?limit=0', until)).count);
  const show = (query: string, before: readonly UnreadStudy[]): Promise<void> =>
    list.ask(async (until) => {
      const answer = await ask(query, until);
      count.take(answer.count);
      // A study that moved up meanwhile is not listed twice.
      const known = new Set(before.map(({ studyInstanceUID }) => studyInstanceUID));
      const more = answer.studies.filter((one) => !known.has(one.studyInstanceUID));
      return { studies: [...before, ...more], next: answer.next };
    });
  return {
    ...{ count, list, waived, waiving, tell },
    load: () => show('', []),
    async more() {
      const { studies, next } = list.value.peek() ?? { studies: [], next: null };
      if (next !== null) await show(`?cursor=${next}`, studies);
    },
    async waive(uid, isWaived) {
      await tried(async () => {
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
