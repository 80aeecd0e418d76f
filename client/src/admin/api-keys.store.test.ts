import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answering, json, openTestApi, refusal, unreachable } from '../testing/open-api.ts';
import { valuesOf } from '../testing/values-of.ts';
import { assertEach } from '../testing/assert-each.ts';
import { type AskedKey, createApiKeysStore } from './api-keys.store.ts';

const test = suite('the store of API keys');

const ID = '6f1c2d3e-0000-4000-8000-000000000001';
const KEY = {
  id: ID,
  name: 'night export',
  account: { id: ID, username: 'script' },
  scopes: ['upload'],
  policy: null,
  state: 'active',
  createdAt: '2026-11-22T10:00:00.000Z',
  createdBy: 'admin',
  expiresAt: '2027-11-22T10:00:00.000Z',
  lastUsedAt: null,
};
const TEXT = `rk_${'A'.repeat(43)}`;
const ASKED = {
  ...{ name: 'night export', accountId: ID, scopes: ['upload'] },
  ...{ policy: 'identified', expiresInDays: 365 },
} as const satisfies AskedKey;
const POLICIES = [
  { name: 'identified', inForce: 1 },
  { name: 'withdrawn', inForce: null },
];
const USERS = [
  { id: ID, username: 'script', disabled: false },
  { id: ID, username: 'gone', disabled: true },
];

/** Answers the questions of the form; null: another question. */
function choices(path: string): Response | null {
  if (path === '/admin/users') return json({ users: USERS });
  if (path === '/admin/policies') return json({ policies: POLICIES });
  return path === '/upload/policy' ? json({ default: 'deidentified' }) : null;
}

/** Answers as the gateway does; `post` makes the answer to a new key. */
const answers =
  (post: () => Response): Answering =>
  ({ method, path }) => {
    const choice = choices(path);
    if (choice !== null) return choice;
    if (method === 'POST') return post();
    return method === 'DELETE' ? new Response(null, { status: 204 }) : json({ keys: [KEY], next: null });
  };
const made = (): Response => json({ ...KEY, key: TEXT }, 201);

test('offers the accounts that are enabled, and holds the text of the newest key alone', async () => {
  let post = made;
  const { api, asked } = openTestApi(answers(() => post()));
  const store = createApiKeysStore(api);
  await store.load();
  assert.equal(valuesOf(store.choices.value.value!.owners, 'username'), ['script']);
  assert.equal(store.choices.value.value?.policies, { names: ['identified'], usual: 'deidentified' });
  assert.ok(await store.make(ASKED));
  assert.is(store.made.value?.key, TEXT);
  assert.equal(asked.find(({ method }) => method === 'POST')?.body, ASKED);
  post = () => refusal(404, 'not-found');
  assert.not(await store.make(ASKED));
  assert.is(store.made.value, null, 'the text of another key would be taken for the new one');
  assert.is(store.trouble.value?.code, 'not-found');
});

test('revokes a key and lists them again', async () => {
  const { api, asked } = openTestApi(answers(made));
  const store = createApiKeysStore(api);
  await store.revoke(ID);
  assertEach(asked, ({ method, path }) => `${method} ${path}`, [
    `DELETE /admin/api-keys/${ID}`,
    'GET /admin/api-keys',
  ]);
  assert.is(store.trouble.value, null);
});

test('reads the keys page by page, and those that have ended only when asked', async () => {
  const other = { ...KEY, id: '6f1c2d3e-0000-4000-8000-000000000002' };
  const { api, asked } = openTestApi(({ path }) => {
    const choice = choices(path);
    if (choice !== null) return choice;
    if (path.includes('ended')) return json({ keys: [{ ...KEY, state: 'revoked' }], next: null });
    return json(path.includes('after') ? { keys: [other], next: null } : { keys: [KEY], next: ID });
  });
  const store = createApiKeysStore(api);
  await store.load();
  await store.loadMore('keys');
  assert.equal(
    store.keys.value.value?.keys.map(({ id }) => id),
    [KEY.id, other.id],
  );
  assert.is(store.keys.value.value?.next, null);
  assert.is(store.ended.value.value, null);
  await store.loadMore('ended');
  assert.is(store.ended.value.value?.keys[0]?.state, 'revoked');
  assert.equal(valuesOf(asked.slice(4), 'path'), [`/admin/api-keys?after=${ID}`, '/admin/api-keys?ended=1']);
});

test('says that the gateway does not answer, and is ready to be asked again', async () => {
  const store = createApiKeysStore(openTestApi(unreachable).api);
  await store.load();
  const { value: answer } = store.keys.answer;
  assert.is(answer.state === 'failed' && answer.trouble.title, 'The gateway is not responding.');
  assert.is(store.keys.isAsking.value, false);
});

test.run();
