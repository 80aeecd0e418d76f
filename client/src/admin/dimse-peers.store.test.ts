import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answering, json, openTestApi, refusal } from '../testing/open-api.ts';
import { assertEach } from '../testing/assert-each.ts';
import { readPeer, toTypedPeer } from './dimse-peer-form.ts';
import { dimsePeerWords } from './dimse-peer-words.ts';
import { createDimsePeersStore } from './dimse-peers.store.ts';

const test = suite('the store of modalities');

const ID = '6f1c2d3e-0000-4000-8000-000000000001';
const PEER = {
  id: ID,
  name: 'CT in room 2',
  aeTitle: 'CT_2',
  addresses: ['10.1.4.20', '10.1.5.0/24'],
  account: { id: ID, username: 'radiology', disabled: false },
  policy: 'identified',
  reason: null,
  lastSeenAt: null,
  policyEnded: false,
  week: { taken: 0, notTaken: [], waiting: 0, problem: null },
};
const WISH = {
  ...{ name: 'CT in room 2', aeTitle: 'CT_2', addresses: ['10.1.4.20', '10.1.5.0/24'] },
  ...{ accountId: ID, policy: 'identified', reason: null },
};
const answers =
  (save: () => Response): Answering =>
  ({ method, path }) => {
    if (path === '/admin/users')
      return json({
        users: [
          { id: ID, username: 'radiology', disabled: false },
          { id: ID, username: 'gone', disabled: true },
        ],
      });
    if (path === '/admin/policies')
      return json({
        policies: [
          { name: 'identified', inForce: 1 },
          { name: 'last-year', inForce: null },
        ],
      });
    if (method === 'DELETE' || path.includes('/transfers/')) return new Response(null, { status: 204 });
    return method === 'GET'
      ? json({ listener: null, peers: [PEER], transfers: { total: 0, shown: [] }, refused: [] })
      : save();
  };

test('offers enabled accounts and policies in force', async () => {
  const store = createDimsePeersStore(openTestApi(answers(() => json(PEER, 201))).api);
  await store.load();
  assert.equal(
    [
      store.choices.value.value!.accounts.map(({ username }) => username),
      store.choices.value.value!.policies,
    ],
    [['radiology'], ['identified']],
  );
  assert.is(store.state.value.value?.peers[0]?.aeTitle, 'CT_2');
});

test('is read again while it is looked at, and stays without an answer', async () => {
  let peer = PEER;
  let isThere = true;
  const { api } = openTestApi((request) => {
    if (!isThere) return refusal(503, 'unexpected');
    if (request.path !== '/admin/dimse-peers') return answers(() => json(PEER, 201))(request);
    return json({ listener: null, peers: [peer], transfers: { total: 0, shown: [] }, refused: [] });
  });
  const store = createDimsePeersStore(api);
  await store.load();
  peer = { ...PEER, week: { ...PEER.week, taken: 3 } };
  await store.refresh();
  assert.is(store.state.value.value?.peers[0]?.week.taken, 3);
  isThere = false;
  await store.refresh();
  assert.equal([store.state.value.value?.peers.length, store.trouble.value], [1, null]);
});

test('makes, changes and deletes a modality, and a refusal is the form’s to show', async () => {
  let save = () => json(PEER, 201);
  const { api, asked } = openTestApi(answers(() => save()));
  const store = createDimsePeersStore(api);
  await store.save(null, WISH);
  await store.save(ID, WISH);
  await store.remove(ID);
  assertEach(
    asked.filter(({ method }) => method !== 'GET'),
    ({ method, path }) => `${method} ${path}`,
    ['POST /admin/dimse-peers', `PUT /admin/dimse-peers/${ID}`, `DELETE /admin/dimse-peers/${ID}`],
  );
  save = () => refusal(409, 'dimse-peer-exists');
  const error = await store.save(null, WISH).catch((thrown: unknown) => thrown);
  assert.is((error as { anyCode: string }).anyCode, 'dimse-peer-exists');
  assert.is(store.trouble.value, null);
});

test('answers for a transfer that waits, and reads again what waits', async () => {
  const { api, asked } = openTestApi(answers(() => json(PEER)));
  const store = createDimsePeersStore(api);
  await store.answer(ID, { answer: 'give-up', because: 'not-needed' });
  assertEach(asked, ({ method, path }) => `${method} ${path}`, [
    `POST /admin/dimse-peers/transfers/${ID}`,
    'GET /admin/dimse-peers',
  ]);
  assert.equal([store.trouble.value, store.state.value.value?.transfers.total], [null, 0]);
});

test('the form reads back what it shows, and names the first mistake', () => {
  const typed = toTypedPeer(PEER);
  assert.is(typed.addresses, '10.1.4.20, 10.1.5.0/24');
  assert.equal(readPeer(typed), { kind: 'wish', wish: WISH });
  for (const [field, value] of [
    ['name', ' '],
    ['aeTitle', 'MORE_THAN_SIXTEEN'],
    ['addresses', 'ct.example.org'],
    ['addresses', ''],
    ['accountId', ''],
  ] as const)
    assert.equal(readPeer({ ...typed, [field]: value }), { kind: 'mistake', field });
  assert.equal(readPeer(toTypedPeer(null)), { kind: 'mistake', field: 'name' });
});

test('the form of a modality whose account is disabled asks for another account', () => {
  const typed = toTypedPeer({ ...PEER, account: { ...PEER.account, disabled: true } });
  assert.equal(readPeer(typed), { kind: 'mistake', field: 'accountId' });
});

test('the form of a new modality chooses no policy: somebody has to', () => {
  const { name, aeTitle, addresses, accountId } = toTypedPeer(PEER);
  const typed = { ...toTypedPeer(null), name, aeTitle, addresses, accountId };
  assert.equal(readPeer(typed), { kind: 'mistake', field: 'policy' });
});

test('names every cause for which a policy has ended', () => {
  const { what } = dimsePeerWords.policyEnded('identified', 'radiology');
  for (const cause of ['withdrawn', 'reason', 'roles']) assert.match(what, cause);
});

test.run();
