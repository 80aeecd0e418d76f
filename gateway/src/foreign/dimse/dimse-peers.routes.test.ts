/** The list of modalities that may store over DIMSE, in an administrator's hands. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DimsePeer, DimsePeerWish } from '#shared/protocol/dimse-peer.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { audited as auditedAt } from '../../testing/audited.ts';
import { addAskingPolicy, ASKING_POLICY } from '../../testing/add-asking-policy.ts';
import { listTestPeers, makeTestPeer } from '../../testing/open-dimse-peer.ts';
import { openTestGateway, type TestGateway } from '../../testing/open-gateway.ts';

const test = suite('a DIMSE peer');
let gateway: TestGateway;
let token: string;
let accountId: string;
let researcherId: string;
test.before(async () => {
  gateway = await openTestGateway();
  const { user } = await gateway.userWith(['technician']);
  accountId = user.id;
  researcherId = (await gateway.userWith(['researcher'])).user.id;
  await addAskingPolicy(gateway, user.id);
  token = (await gateway.signIn()).accessToken;
});
test.after(() => gateway.close());

const wish = (more: Partial<DimsePeerWish> = {}): DimsePeerWish => ({
  ...{ name: 'CT in room 2', aeTitle: 'CT_2', addresses: ['10.1.4.20', '10.1.5.0/24', 'fd00::1'] },
  ...{ accountId, policy: 'identified', reason: null },
  ...more,
});
const call = (method: string, path: string, body?: unknown) =>
  gateway.call(method, `/admin/dimse-peers${path}`, { token, body });
async function codeOf(answer: Promise<Response>): Promise<string> {
  return ((await (await answer).json()) as { code: string }).code;
}
const audited = async () =>
  (await auditedAt(gateway.database.db, 'dimse-peer-%')).map(({ event, fields }) => [
    event,
    fields['aeTitle'],
  ]);

test('is made, changed and deleted, each in the audit trail, and no listener needs to be there', async () => {
  const made = (await (await call('POST', '', wish())).json()) as DimsePeer;
  assert.equal(
    [made.aeTitle, made.addresses, made.account.id, made.lastSeenAt],
    ['CT_2', wish().addresses, accountId, null],
  );
  const changed = await call('PUT', `/${made.id}`, wish({ aeTitle: 'CT_3', policy: 'deidentified' }));
  assert.is(((await changed.json()) as DimsePeer).policy, 'deidentified');
  const { listener, peers, refused } = await listTestPeers(gateway);
  assert.equal([listener, refused], [null, []]);
  assert.equal(fieldsOf(peers, 'aeTitle', 'week'), [
    ['CT_3', { taken: 0, notTaken: [], waiting: 0, problem: null }],
  ]);
  assert.is((await call('DELETE', `/${made.id}`)).status, 204);
  assert.is(await codeOf(call('DELETE', `/${made.id}`)), 'not-found');
  assert.is(await codeOf(call('PUT', `/${made.id}`, wish())), 'not-found');
  assert.equal(await audited(), [
    ['dimse-peer-made', 'CT_2'],
    ['dimse-peer-changed', 'CT_3'],
    ['dimse-peer-deleted', 'CT_3'],
  ]);
});

test('shows associations that wait, however long', async () => {
  const { id } = await makeTestPeer(gateway, { aeTitle: 'OLD', accountId });
  await sql`insert into sent_file
    (id, site_id, account_id, peer_id, form, policy_name, policy_version, state, problem, created_at, expires_at)
    select gen_random_uuid(), site_id, account_id, id, '{}', policy_name, 1, 'received', 'policy-withdrawn',
      now() - interval '30 days', now() from dimse_peer where id = ${id}::uuid`.execute(gateway.database.db);
  const { peers } = await listTestPeers(gateway);
  const { week } = peers.find((each) => each.id === id)!;
  assert.equal([week.waiting, week.problem], [1, 'policy-withdrawn']);
});

test('names a disabled account, and the list of accounts names the modalities that store for each', async () => {
  const { user } = await gateway.userWith(['technician']);
  for (const aeTitle of ['CT_9', 'CT_8']) await makeTestPeer(gateway, { aeTitle, accountId: user.id });
  const { users } = (await (await gateway.call('GET', '/admin/users', { token })).json()) as {
    users: { id: string; modalities: string[] }[];
  };
  assert.equal(users.find(({ id }) => id === user.id)?.modalities, ['CT_8', 'CT_9']);
  const isDisabled = async () => {
    const { peers } = await listTestPeers(gateway);
    return peers.filter(({ account }) => account.id === user.id).map(({ account }) => account.disabled);
  };
  assert.equal(await isDisabled(), [false, false]);
  const body = { disabled: true };
  assert.is((await gateway.call('PATCH', `/admin/users/${user.id}`, { token, body })).status, 200);
  assert.equal(await isDisabled(), [true, true]);
});

test('is marked when its account loses the role that its policy asks for', async () => {
  const { user } = await gateway.userWith(['technician']);
  const { id } = await makeTestPeer(gateway, { aeTitle: 'CT_ROLE', accountId: user.id });
  const hasEnded = async () =>
    (await listTestPeers(gateway)).peers.find((each) => each.id === id)?.policyEnded;
  assert.is(await hasEnded(), false);
  const body = { roles: ['auditor'] };
  assert.is((await gateway.call('PATCH', `/admin/users/${user.id}`, { token, body })).status, 200);
  assert.is(await hasEnded(), true);
});

test('has an AE title of its own, addresses that are few, and a policy of its account', async () => {
  await makeTestPeer(gateway, { aeTitle: 'MR', accountId });
  const other = await makeTestPeer(gateway, { aeTitle: 'US', accountId });
  assert.is(await codeOf(call('POST', '', wish({ aeTitle: 'MR' }))), 'dimse-peer-exists');
  assert.is(await codeOf(call('PUT', `/${other.id}`, wish({ aeTitle: 'MR' }))), 'dimse-peer-exists');
  for (const invalid of [
    { addresses: [] },
    { addresses: ['ct.example.org'] },
    { addresses: ['0.0.0.0/0'] },
    { addresses: ['10.0.0.0/7'] },
    { aeTitle: '' },
    { aeTitle: 'MORE_THAN_SIXTEEN' },
    { aeTitle: 'A\\B' },
    { name: ' ' },
  ])
    assert.is(await codeOf(call('POST', '', wish(invalid))), 'invalid-request', JSON.stringify(invalid));
  assert.is(await codeOf(call('POST', '', wish({ accountId: researcherId }))), 'policy-not-allowed');
  assert.is(await codeOf(call('POST', '', wish({ policy: 'of-nobody' }))), 'policy-not-allowed');
  assert.is(await codeOf(call('POST', '', wish({ policy: ASKING_POLICY }))), 'reason-missing');
  const asked = await call('POST', '', wish({ policy: ASKING_POLICY, reason: 'treatment' }));
  assert.is(asked.status, 201);
});

test.run();
