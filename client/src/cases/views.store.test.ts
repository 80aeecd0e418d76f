/** Saved views on the device: what is shown is what the gateway holds, and the current one is known by its filters. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { z } from 'zod';
import type { CaseView, NewCaseView } from '#shared/protocol/case-views.ts';
import { Unreachable, type ApiClient, type RequestOptions } from '../net/api-client.ts';
import { USUAL } from './parts/case-filters.ts';
import { createViewsStore, viewOf } from './views.store.ts';

const { q: _, ...FILTERS } = USUAL;
const idOf = (nth: number): string => `00000000-0000-4000-8000-00000000000${nth}`;

/** Holds views as the gateway does: saving a name again changes the view of that name. */
function openSite() {
  const held: CaseView[] = [];
  const site = { isReachable: true };
  const answer = (path: string, { method = 'GET', body }: RequestOptions): unknown => {
    if (!site.isReachable) throw new Unreachable(null);
    if (method === 'GET') return { views: held };
    const saved = body as NewCaseView;
    const id = path.split('/')[2];
    const at = held.findIndex((view) => view.id === id || (id === undefined && view.name === saved.name));
    if (method === 'DELETE') return held.splice(at, 1);
    const view = { ...saved, id: held[at]?.id ?? idOf(held.length) };
    held.splice(at < 0 ? held.length : at, 1, view);
    return view;
  };
  const api: Pick<ApiClient, 'json' | 'text'> = {
    json: async <T>(path: string, schema: z.ZodType<T>, options: RequestOptions = {}) =>
      schema.parse(answer(path, options)),
    text: async (path, options = {}) => JSON.stringify(answer(path, options)),
  };
  return { site, store: createViewsStore(api) };
}

test('a view is saved, renamed and removed, and the list is the gateway’s', async () => {
  const { store } = openSite();
  await store.load();
  assert.equal(store.views.value.value, []);
  const urgent = { ...FILTERS, priority: 'urgent' } as const;
  assert.ok(await store.save(null, 'Usual', FILTERS));
  assert.ok(await store.save(null, 'Mine', urgent));
  assert.ok(await store.save(null, 'Usual', { ...FILTERS, sort: 'due' }));
  assert.equal(
    store.views.value.value?.map(({ name, filters }) => [name, filters.sort, filters.priority]),
    [
      ['Usual', 'due', ''],
      ['Mine', 'newest', 'urgent'],
    ],
  );
  assert.ok(await store.save(idOf(1), 'Urgent', urgent));
  assert.ok(await store.remove(idOf(0)));
  assert.equal(
    store.views.value.value?.map(({ name }) => name),
    ['Urgent'],
  );
});

test('the views that were shown stay where the gateway does not answer, and the trouble says so', async () => {
  const { store, site } = openSite();
  await store.save(null, 'Usual', FILTERS);
  site.isReachable = false;
  assert.is(await store.save(null, 'Another', FILTERS), false);
  assert.is(await store.remove(idOf(0)), false);
  assert.ok(store.trouble.value);
  assert.is(store.views.value.value?.length, 1);
  assert.is(store.isBusy.value, false);
});

test('the current view is the one whose filters and order are chosen', async () => {
  const views = [
    { id: idOf(1), name: 'Due', filters: { ...FILTERS, sort: 'due' } as const },
    { id: idOf(2), name: 'Usual', filters: FILTERS },
  ];
  assert.is(viewOf(views, USUAL)?.name, 'Usual');
  assert.is(viewOf(views, { ...USUAL, sort: 'due' })?.name, 'Due');
  assert.is(viewOf(views, { ...USUAL, sort: 'due', status: '' }), null);
});

test.run();
