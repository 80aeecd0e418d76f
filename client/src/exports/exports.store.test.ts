/** Exports on the device: those being made are followed to their end, and what they hold is what the list shows. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { z } from 'zod';
import { exportSelectionSchema, type Export } from '#shared/protocol/exports.ts';
import { troubleWords } from '../net/trouble-words.ts';
import { USUAL } from '../cases/parts/case-filters.ts';
import { Unreachable, type ApiClient, type RequestOptions } from '../net/api-client.ts';
import { createExportsStore, selectionOf } from './exports.store.ts';

const idOf = (nth: number): string => `00000000-0000-4000-8000-00000000000${nth}`;
const exportOf = (nth: number, state: Export['state'], done = 0): Export => ({
  ...{ id: idOf(nth), template: 'cases-limited', templateVersion: 1, state, done, total: 3 },
  definition: { title: 'Cases', redaction: 'limited', format: 'csv', fields: ['caseNumber'] },
  ...{ trouble: null, found: null, rows: null, bytes: null, sha256: null, leftOut: [], purpose: 'An audit' },
  ...{ by: 'rita', isMine: true, createdAt: '2026-01-01T00:00:00Z', finishedAt: null, expiresAt: null },
});

/** A gateway on which an export has one more case at each look, and is ready after the third. */
function openSite(held: Export[]) {
  const site = { looks: 0, unreachable: 0 };
  const answer = (path: string, { method = 'GET' }: RequestOptions): unknown => {
    if (site.unreachable > 0) {
      site.unreachable -= 1;
      throw new Unreachable(null);
    }
    if (path === '/exports') return { exports: held.slice(0, 2), next: held.length > 2 ? '1' : null };
    if (path === '/exports?cursor=1') return { exports: held.slice(2), next: null };
    const at = held.findIndex(({ id }) => path.includes(id));
    const { done } = held[at]!;
    site.looks += 1;
    if (method === 'POST') held[at] = { ...held[at]!, state: 'cancelled' };
    else held[at] = { ...held[at]!, state: done === 2 ? 'ready' : 'running', done: done + 1 };
    return held[at];
  };
  const api: Pick<ApiClient, 'json'> = {
    json: async <T>(path: string, schema: z.ZodType<T>, options: RequestOptions = {}) =>
      schema.parse(answer(path, options)),
  };
  const left = new AbortController();
  const clock = { now: () => 0, sleep: async (_ms: number, signal: AbortSignal) => signal.throwIfAborted() };
  const store = createExportsStore(api);
  /** Looks until nothing is being made, or `most` times. */
  const followUntil = (most: number): Promise<void> => {
    let sleeps = 0;
    return store.follow(
      {
        ...clock,
        async sleep(ms, signal) {
          sleeps += 1;
          if (sleeps > most) left.abort();
          await clock.sleep(ms, signal);
        },
      },
      left.signal,
    );
  };
  return { site, store, followUntil };
}

test('an export that is being made is followed to its end, and one that has ended is not asked for', async () => {
  const { site, store, followUntil } = openSite([exportOf(1, 'queued'), exportOf(2, 'expired')]);
  await store.load();
  await followUntil(6);
  assert.equal(
    store.list.value.value?.exports.map(({ state, done }) => [state, done]),
    [
      ['ready', 3],
      ['expired', 0],
    ],
  );
  assert.is(site.looks, 3);
});

test('a gateway that does not answer is asked again, and the page says so meanwhile', async () => {
  const { site, store, followUntil } = openSite([exportOf(1, 'running')]);
  await store.load();
  site.unreachable = 2;
  await followUntil(2);
  const { value: answer } = store.list.answer;
  assert.is(answer.state === 'known' && answer.old?.title, troubleWords.unreachable.title);
});

test('the page is quiet again once the gateway answers', async () => {
  const { site, store, followUntil } = openSite([exportOf(1, 'running')]);
  await store.load();
  site.unreachable = 1;
  await followUntil(6);
  assert.is(store.list.value.value?.exports[0]?.state, 'ready');
  assert.is(store.list.answer.value.state === 'known' && store.list.answer.value.old, null);
});

test('one is cancelled, and older ones come with the next page', async () => {
  const { store } = openSite([exportOf(1, 'queued'), exportOf(2, 'ready'), exportOf(3, 'failed')]);
  await store.load();
  assert.is(store.list.value.value?.next, '1');
  await store.more();
  assert.is(await store.cancel(idOf(1)), true);
  assert.equal(
    store.list.value.value?.exports.map(({ state }) => state),
    ['cancelled', 'ready', 'failed'],
  );
});

test('the cases of an export are those of the list, without its order', () => {
  const now = new Date('2026-03-09T12:00:00Z');
  const listed = { ...USUAL, priority: 'urgent', due: 'overdue', sort: 'due', q: '7' } as const;
  const selection = selectionOf(listed, now);
  assert.equal(selection, {
    filter: { q: '7', priority: 'urgent', dueUntil: '2026-03-08' },
  });
  assert.ok(exportSelectionSchema.safeParse(selection).success);
});

test.run();
