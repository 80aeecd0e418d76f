/** The destinations of a site in the page: what an administrator is told of a decision. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeadLettersDecided } from '#shared/protocol/destination.ts';
import { json, openTestApi, unreachable, untilRead } from '../testing/open-api.ts';
import { createDestinationsStore } from './destinations.store.ts';

const test = suite('the store of destinations');
const STUDY = '1.2.826.0.1.3680043.8.498.1';

/** The gateway answers a decision so. */
async function decided(answer: DeadLettersDecided) {
  const { api } = openTestApi(({ method, path }) => {
    if (path === '/admin/destinations') return json({ destinations: [] });
    if (path.startsWith('/admin/rules/')) return json({ rules: [], version: '0'.repeat(64) });
    return json(method === 'POST' ? answer : { total: 0, deadLetters: [], totalStudies: 0, studies: [] });
  });
  const store = createDestinationsStore(api);
  await store.decide('a', { decision: 'retry' });
  return store;
}

test('says of a decision which instances it did not reach and why, and lists again what is left', async () => {
  const code = 'decision-not-possible';
  const detail = 'The PACS still has another image under this UID, or is about to get it.';
  const one = { studyInstanceUID: STUDY, instances: 1, code, detail };
  const { trouble, deadLetters } = await decided({
    changed: 4,
    notDecided: [one, { ...one, instances: 2 }],
  });
  assert.equal(trouble.value, {
    kind: 'stop',
    title:
      'Your decision could not be applied to 3 instances, which stay in the list. It was applied to the others.',
    next: `Study ${STUDY}, and 1 other: ${detail} Check their current state.`,
    code,
  });
  assert.ok(deadLetters.value.has('a'));
});

test('says nothing where a decision reached all', async () => {
  assert.is((await decided({ changed: 4, notDecided: [] })).trouble.value, null);
});

test('keeps the list that it knows, and says that it is old, where it cannot be had again', async () => {
  let isReachable = false;
  const { api } = openTestApi(({ path }) => {
    if (!isReachable) return unreachable();
    const rules = { rules: [], version: '0'.repeat(64) };
    return json(path === '/admin/destinations' ? { destinations: [] } : rules);
  });
  const store = createDestinationsStore(api);
  await store.load();
  assert.is(store.list.answer.value.state, 'failed', 'it is not known that there is none');
  isReachable = true;
  await store.list.again();
  assert.equal(store.list.value.value?.destinations, []);
  isReachable = false;
  await store.refresh();
  const answer = store.list.answer.value;
  assert.ok(answer.state === 'known' && answer.old === null, 'nobody asked');
  await store.load();
  const after = store.list.answer.value;
  assert.ok(after.state === 'known' && after.old !== null, 'somebody asked');
});

test('does not show the list of a refresh that began before a change, while it is read again or after it', async () => {
  const lists: PromiseWithResolvers<Response>[] = [];
  const { api } = openTestApi(({ path }) => {
    if (path === '/admin/destinations') {
      const list = Promise.withResolvers<Response>();
      lists.push(list);
      return list.promise;
    }
    return json(path.startsWith('/admin/rules/') ? { rules: [], version: '0'.repeat(64) } : {});
  });
  const answer = (at: number, folderRoot: string) =>
    lists[at]!.resolve(json({ destinations: [], folderRoot }));
  const isAsked = (count: number) => untilRead(() => lists.length === count);
  const store = createDestinationsStore(api);
  const loaded = store.load();
  assert.ok(await isAsked(1));
  answer(0, '/first');
  await loaded;
  const early = store.refresh();
  const late = store.refresh();
  assert.ok(await isAsked(3));
  const changed = store.setNeed('a', 'also');
  assert.ok(await isAsked(4));
  answer(1, '/before');
  await early;
  answer(3, '/after');
  await changed;
  assert.is(store.list.value.value?.folderRoot, '/after');
  answer(2, '/before');
  await late;
  assert.is(store.list.value.value?.folderRoot, '/after');
});

test.run();
