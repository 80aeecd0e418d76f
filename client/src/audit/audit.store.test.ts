import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { json, openTestApi, refusal, unreachable, type Answering } from '../testing/open-api.ts';
import { EVERYTHING } from './audit-filters.ts';
import { CHECKED_UNASKED, createAuditStore, type AuditStore } from './audit.store.ts';

const test = suite('the store of the audit trail');

const now = () => new Date('2026-05-20T10:00:00Z');
const ALL = { filters: EVERYTHING, uid: '' };
const ID = '6f1c2d3e-0000-4000-8000-000000000001';
const row = (seq: number) => ({
  ...{ seq, at: '2026-05-01T10:00:00.000Z', event: 'login' },
  ...{ fields: { accountId: `a${seq}` }, hash: 'h' },
});
const page = (seqs: readonly number[], some: object = {}) =>
  json({
    rows: seqs.map(row),
    next: null,
    names: {
      accounts: Object.fromEntries(seqs.map((seq) => [`a${seq}`, `n${seq}`])),
      keys: {},
      cases: {},
      devices: {},
      destinations: {},
      peers: {},
      studies: {},
    },
    newest: CHECKED_UNASKED + 1,
    readingsPending: false,
    study: null,
    ...some,
  });
const WHOLE = {
  kind: 'whole',
  rows: 3,
  head: 'h',
  proven: null,
  shipped: null,
  unproven: 3,
  lost: [],
  archived: null,
};
const stream = (...messages: readonly [string, unknown][]): Response =>
  new Response(
    messages.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join(''),
    { headers: { 'content-type': 'text/event-stream' } },
  );
const open = (answer: Answering) => {
  const { api, asked } = openTestApi(answer);
  return { store: createAuditStore(api, now), paths: () => asked.map(({ path }) => path) };
};

test('reads page after page of one question, with the names of all pages', async () => {
  const { store, paths } = open(({ path }) =>
    path.includes('before') ? page([1]) : page([3, 2], { next: '9~2' }),
  );
  await store.load({ filters: { ...EVERYTHING, kind: 'sign-ins' }, uid: '1.2.3' });
  await store.more();
  await store.more();
  assert.equal(paths(), [
    '/audit/events?kind=sign-ins&study=1.2.3',
    '/audit/events?kind=sign-ins&study=1.2.3&before=9~2',
  ]);
  assert.equal(
    store.events.value.value?.rows.map(({ seq }) => seq),
    [3, 2, 1],
  );
  assert.equal(Object.keys(store.events.value.value?.names.accounts ?? {}), ['a3', 'a2', 'a1']);
  await store.load(ALL);
  assert.equal(store.events.value.value?.rows.length, 2, 'another question begins a new list');
});

test('drops an answer that comes after another question', async () => {
  const held = Promise.withResolvers<Response>();
  const { store } = open(({ path }) => (path.includes('kind') ? held.promise : page([7])));
  const first = store.load({ filters: { ...EVERYTHING, kind: 'studies' }, uid: '' });
  await store.load(ALL);
  held.resolve(page([1]));
  await first;
  assert.equal(
    store.events.value.value?.rows.map(({ seq }) => seq),
    [7],
  );
  assert.is(oldOf(store), null);
});

test('checks a short trail at once, and a long one when it is asked to', async () => {
  const answers =
    (newest: number): Answering =>
    ({ path }) =>
      path.startsWith('/audit/verify') ? stream(['verdict', WHOLE]) : page([1], { newest });
  const short = open(answers(CHECKED_UNASKED));
  await short.store.load(ALL);
  assert.equal(short.store.chain.value, { kind: 'checked', verdict: WHOLE, at: now() });
  await short.store.load(ALL);
  assert.is(short.paths().filter((path) => path.includes('verify')).length, 1, 'and not with every filter');
  const long = open(answers(CHECKED_UNASKED + 1));
  await long.store.load(ALL);
  assert.is(long.store.chain.value.kind, 'unasked');
  await long.store.verify();
  assert.is(long.store.chain.value.kind, 'checked');
});

test('tells how far a check has come, and stops it', async () => {
  const seen: unknown[] = [];
  const { store } = open(() => stream(['progress', { checked: 5, of: 10 }], ['verdict', WHOLE]));
  store.chain.subscribe((state) => seen.push(state.kind === 'checking' ? state.checked : state.kind));
  await store.verify();
  assert.equal(seen, ['unasked', 0, 5, 'checked']);
  const endless = open(() => new Promise<Response>(() => undefined));
  void endless.store.verify();
  endless.store.stopVerifying();
  assert.is(endless.store.chain.value.kind, 'unasked');
});

test('says that a check was interrupted or refused, and never that the trail is whole', async () => {
  const cut = open(() => stream(['progress', { checked: 5, of: 10 }]));
  await cut.store.verify();
  assert.is(cut.store.chain.value.kind, 'interrupted');
  for (const answer of [
    () => refusal(403, 'not-allowed'),
    unreachable,
    () => stream(['verdict', { kind: 'fine' }]),
  ]) {
    const { store } = open(answer);
    await store.verify();
    assert.is(store.chain.value.kind, 'failed');
  }
});

/** Why the events are old; null: they are the newest. Fails where none are known. */
function oldOf({ events }: Pick<AuditStore, 'events'>) {
  const { value: answer } = events.answer;
  assert.is(answer.state, 'known');
  return answer.state === 'known' ? answer.old : null;
}

test('says why events could not be read, and keeps those that are known', async () => {
  let answer: Answering = () => page([1], { next: '9~1' });
  const { store } = open((asked) => answer(asked));
  await store.load(ALL);
  answer = unreachable;
  await store.more();
  await store.loadPeople();
  assert.equal(
    [oldOf(store)?.title, store.events.value.value?.rows.length],
    ['The gateway is not responding.', 1],
  );
  assert.equal([store.events.isAsking.value, store.people.value], [false, []]);
  answer = () => json({ people: [{ id: ID, username: 'anna', disabled: false }] });
  await store.loadPeople();
  assert.is(store.people.value[0]?.username, 'anna');
});

test.run();
