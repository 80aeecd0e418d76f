/** The studies that wait to be read, a page at a time, and how many there are. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { unreadStudiesSchema, type UnreadStudy } from '#shared/protocol/unread-studies.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ApiClient } from '../net/api-client.ts';
import { openAttempt, type Attempt } from './open-attempt.ts';

export interface UnreadStore extends Pick<Attempt, 'isBusy' | 'trouble'> {
  /** Null until told. */
  readonly count: ReadonlySignal<number | null>;
  /** Null until loaded. */
  readonly studies: ReadonlySignal<readonly UnreadStudy[] | null>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** By Study Instance UID: somebody has just said here that they need no reading. */
  readonly waived: ReadonlySignal<ReadonlySet<string>>;
  /** Only how many there are. */
  tell(): Promise<void>;
  load(): Promise<void>;
  more(): Promise<void>;
  waive(studyInstanceUID: string, isWaived: boolean): Promise<void>;
  close(): void;
}

const PATH = '/cases/unread-studies';

export function createUnreadStore(api: Pick<ApiClient, 'json' | 'text'>): UnreadStore {
  const count = signal<number | null>(null);
  const studies = signal<readonly UnreadStudy[] | null>(null);
  const next = signal<string | null>(null);
  const hasMore = computed(() => next.value !== null);
  const waived = signal<ReadonlySet<string>>(new Set());
  const closed = new AbortController();
  const options = { signal: closed.signal };
  const { tried, ...attempt } = openAttempt();
  const ask = async (query: string) => {
    const answer = await api.json(`${PATH}${query}`, unreadStudiesSchema, options);
    count.value = answer.count;
    return answer;
  };
  const show = async (query: string, before: readonly UnreadStudy[]) => {
    const answer = await ask(query);
    // One that moved up meanwhile is not listed twice.
    const known = new Set(before.map(({ studyInstanceUID }) => studyInstanceUID));
    studies.value = [...before, ...answer.studies.filter((one) => !known.has(one.studyInstanceUID))];
    next.value = answer.next;
  };
  return {
    ...{ ...attempt, count, studies, hasMore, waived },
    async tell() {
      await ignoreFailure(ask('?limit=0'), 'the page says itself that the gateway does not answer');
    },
    async load() {
      await tried(() => show('', []));
    },
    async more() {
      await tried(() => show(`?cursor=${next.value}`, studies.value ?? []));
    },
    async waive(uid, isWaived) {
      await tried(async () => {
        await api.text(`${PATH}/${uid}/waiver`, { ...options, method: isWaived ? 'PUT' : 'DELETE' });
        waived.value = new Set(
          isWaived ? [...waived.value, uid] : [...waived.value].filter((one) => one !== uid),
        );
        await ask('?limit=0');
      });
    },
    close: () => closed.abort(),
  };
}
