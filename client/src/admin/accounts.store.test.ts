import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { json, openTestApi, refusal, unreachable } from '../testing/open-api.ts';
import { valuesOf } from '../testing/values-of.ts';
import { accountsWords } from './accounts-words.ts';
import { createAccountsStore } from './accounts.store.ts';

const test = suite('the store of accounts');

const ID = '6f1c2d3e-0000-4000-8000-000000000001';
const ACCOUNT = {
  id: ID,
  username: 'anna',
  roles: ['technician'],
  siteId: ID,
  createdAt: '2026-11-22T10:00:00.000Z',
  disabled: false,
  lastSignInAt: null,
  sessions: 0,
  devices: 0,
  modalities: ['CT_1'],
};
const NEW = { username: 'anna', password: 'kzvw-2345-mnpq-rstv', roles: ['technician'] } as const;
const gone = () => new Response(null, { status: 204 });

test('adds an account and sets a password, lists them all again, and gives refusals to the form', async () => {
  let isRefused = false;
  const { api, asked } = openTestApi(({ method }) => {
    if (method === 'POST') return isRefused ? refusal(409, 'user-exists') : json(ACCOUNT, 201);
    return method === 'PUT' ? gone() : json({ users: [ACCOUNT] });
  });
  const store = createAccountsStore(api);
  await store.add(NEW);
  await store.setPassword(ID, 'another password');
  assert.equal(valuesOf(asked, 'method', 'path', 'body'), [
    ['POST', '/admin/users', NEW],
    ['GET', '/admin/users', undefined],
    ['PUT', `/admin/users/${ID}/password`, { password: 'another password' }],
    ['GET', '/admin/users', undefined],
  ]);
  assert.is(store.accounts.value.value?.[0]?.username, 'anna');
  isRefused = true;
  let code = '';
  await store.add(NEW).catch(({ anyCode }: { anyCode: string }) => (code = anyCode));
  assert.equal([code, store.trouble.value], ['user-exists', null]);
});

test('the question before an account is disabled names the modalities that are refused then', () => {
  assert.match(accountsWords.askDisable('anna', ['CT_1', 'MR_2']).what, 'modalities CT_1, MR_2 are refused');
  assert.match(accountsWords.askDisable('anna', ['CT_1']).what, 'modality CT_1 is refused');
  assert.not.match(accountsWords.askDisable('anna', []).what, 'modalit');
});

test('changes one account, and lists them all again', async () => {
  const { api, asked } = openTestApi(({ method }) =>
    method === 'GET' ? json({ users: [ACCOUNT] }) : gone(),
  );
  const store = createAccountsStore(api);
  await store.change(ID, { roles: ['auditor'] });
  await store.change(ID, { disabled: true });
  await store.endSessions(ID);
  assert.equal(valuesOf(asked, 'method', 'path', 'body'), [
    ['PATCH', `/admin/users/${ID}`, { roles: ['auditor'] }],
    ['GET', '/admin/users', undefined],
    ['PATCH', `/admin/users/${ID}`, { disabled: true }],
    ['GET', '/admin/users', undefined],
    ['DELETE', `/admin/users/${ID}/sessions`, undefined],
    ['GET', '/admin/users', undefined],
  ]);
});

test('says why the gateway refused, and that it does not answer; the list that is known stays', async () => {
  let answer = (): Response => json({ users: [ACCOUNT] });
  const store = createAccountsStore(openTestApi(() => answer()).api);
  await store.load();
  answer = () => refusal(409, 'last-admin');
  await store.change(ID, { disabled: true });
  assert.equal(
    [store.trouble.value?.code, store.trouble.value?.next, store.trouble.value?.id],
    ['last-admin', 'First give another user the role Administrator.', ID],
  );
  answer = unreachable;
  await store.load();
  const { value: known } = store.accounts.answer;
  assert.ok(known.state === 'known');
  assert.equal([known.old?.title, known.value.length], ['The gateway is not responding.', 1]);
  assert.is(store.isBusy.value, false);
});

test('lists who has signed in meanwhile, and keeps the last list while the gateway cannot be reached', async () => {
  const lastSignInAt = '2026-11-22T11:00:00.000Z';
  const answers = [
    () => json({ users: [ACCOUNT] }),
    () => json({ users: [{ ...ACCOUNT, lastSignInAt }] }),
    unreachable,
  ];
  const { api } = openTestApi(() => answers.shift()!());
  const store = createAccountsStore(api);
  await store.load();
  const seen = [store.accounts.value.value![0]!.lastSignInAt];
  for (let times = 0; times < 2; times += 1) {
    await store.load();
    seen.push(store.accounts.value.value![0]!.lastSignInAt);
  }
  assert.equal([seen, store.trouble.value], [[null, lastSignInAt, lastSignInAt], null]);
});

test.run();
