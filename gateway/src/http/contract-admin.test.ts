/** Destinations, peers, keys, quotas and the audit trail by the contract alone. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DimsePeers } from '#shared/protocol/dimse-peer.ts';
import { RETENTION_DEFAULT } from '#shared/protocol/retention.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { defaultSiteId } from '../database/default-site.ts';
import { openContract, type CallByContract, type Contract } from '../testing/call-by-contract.ts';
import { makeTestPeer, openListeningGateway, type ListeningGateway } from '../testing/open-dimse-peer.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { testFilm } from '../testing/open-subject.ts';
import { hasStorescu, storescu } from '../testing/storescu.ts';

const test = suite('the contract of administrators');
let gateway: ListeningGateway;
let contract: Contract;
let callByContract: CallByContract;
let as: { readonly token: string };
let accountId: string;
test.before(async () => {
  gateway = await openListeningGateway({ pacs: openTestPacs() });
  contract = await openContract(gateway);
  ({ callByContract } = contract);
  as = { token: (await gateway.signIn()).accessToken };
  accountId = (await gateway.userWith(['technician'])).user.id;
});
test.after(() => gateway.close());

type Made = { readonly id: string };
const make = async (path: string, body: object): Promise<Made['id']> =>
  ((await callByContract('post', path, 201, { ...as, body })) as Made).id;

test('real answers about destinations are as /openapi.json says', async () => {
  const wish = {
    ...{ kind: 'dicomweb', name: 'archive', url: 'http://127.0.0.1:9/dicom-web/' },
    ...{ authentication: { kind: 'basic', username: 'relay', password: 'a long password' } },
    ...{ ca: null, certificate: null },
  };
  const path = '/admin/destinations';
  const at = { ...as, params: { id: await make(path, wish) } };
  await callByContract('post', path, 409, { ...as, body: wish });
  await callByContract('get', path, 200, as);
  await callByContract('put', `${path}/{id}`, 200, { ...at, body: { ...wish, name: 'old-archive' } });
  await callByContract('put', `${path}/{id}/need`, 200, { ...at, body: { need: 'also' } });
  const viewer = {
    title: 'Weasis',
    address: 'https://viewer.example.org/?StudyInstanceUIDs={StudyInstanceUID}',
  };
  await callByContract('put', `${path}/{id}/viewers`, 200, { ...at, body: { viewers: [viewer] } });
  const address = 'dimse://RELAY@10.1.4.9:11112/ORDERS';
  await callByContract('put', `${path}/{id}/worklist`, 200, { ...at, body: { address } });
  const tuning = { lagMinutes: 5, proof: 'read-back', batchBytes: null };
  await callByContract('put', `${path}/{id}/tuning`, 200, { ...at, body: tuning });
  await callByContract('post', `${path}/{id}/test`, 200, { ...at, body: { scope: 'reach' } });
  await callByContract('get', `${path}/{id}/dead-letters`, 200, at);
  await callByContract('post', `${path}/{id}/dead-letters`, 200, { ...at, body: { decision: 'retry' } });
  await callByContract('post', `${path}/{id}/resend`, 200, at);
  await callByContract('post', `${path}/{id}/give-up`, 200, { ...at, body: { need: 'also' } });
  await callByContract('post', `${path}/{id}/primary`, 200, at);
  const other = { ...as, params: { id: await make(path, { ...wish, name: 'another' }) } };
  await callByContract('delete', `${path}/{id}`, 204, other);
});

test('real answers about DIMSE peers are as /openapi.json says', async () => {
  const wish = {
    ...{ name: 'CT in room 2', aeTitle: 'CT_2', addresses: ['10.1.4.20'] },
    ...{ accountId, policy: 'identified', reason: null },
  };
  const path = '/admin/dimse-peers';
  const at = { ...as, params: { id: await make(path, wish) } };
  await callByContract('get', path, 200, as);
  await callByContract('put', `${path}/{id}`, 200, { ...at, body: wish });
  await callByContract('delete', `${path}/{id}`, 204, at);
});

test('real answers about API keys and quotas are as /openapi.json says', async () => {
  const key = { name: 'a script', accountId, scopes: ['upload'], expiresInDays: 30 };
  const id = await make('/admin/api-keys', key);
  await callByContract('get', '/admin/api-keys', 200, as);
  await callByContract('delete', '/admin/api-keys/{id}', 204, { ...as, params: { id } });
  const quota = { uploads: 5, instances: 50, bytes: 1_000_000, patients: 5 };
  await callByContract('put', '/admin/quotas', 204, { ...as, body: quota });
  await callByContract('put', '/admin/quotas/{id}', 204, {
    ...as,
    params: { id: accountId },
    body: { quota },
  });
  await callByContract('get', '/admin/quotas', 200, as);
});

test('real answers about backups and the configuration are as /openapi.json says', async () => {
  await callByContract('get', '/admin/backups', 200, as);
  const plan = { recipient: null, everyHours: null, keep: 7 };
  await callByContract('put', '/admin/backups', 204, { ...as, body: plan });
  await callByContract('get', '/admin/config', 200, as);
  await callByContract('put', '/admin/config', 200, {
    ...as,
    body: { format: 1, backups: { everyHours: 24, keep: 3 } },
  });
});

test('real answers about retention and storage are as /openapi.json says', async () => {
  const body = { ...RETENTION_DEFAULT, receipts: 3650, cases: 365 };
  await callByContract('put', '/admin/retention', 200, { ...as, body, query: { plan: 'true' } });
  await callByContract('get', '/admin/retention', 200, as);
  const hold = { subject: { of: 'study', studyInstanceUID: '1.2.826.0.1.7' }, reason: 'A court asks for it' };
  const id = await make('/admin/retention/holds', hold);
  await callByContract('get', '/admin/retention/holds', 200, as);
  await callByContract('post', '/admin/retention/holds/{id}/end', 204, { ...as, params: { id } });
  const { db } = gateway.database;
  const proof = { id: randomUUID(), kind: 'cases', count: 1, jws: 'a.signed.proof', at: new Date() } as const;
  await db
    .insertInto('deletion')
    .values({ ...proof, site_id: await defaultSiteId(db) })
    .execute();
  await callByContract('get', '/admin/retention/deletions/{id}', 200, { ...as, params: { id: proof.id } });
  await callByContract('get', '/admin/storage', 200, as);
  await callByContract('delete', '/admin/storage/orphans', 200, as);
});

test('real answers about sessions and the audit trail are as /openapi.json says', async () => {
  await callByContract('get', '/auth/sessions', 200, as);
  for (const about of ['', '/heads', '/events', '/people', '/verify', '/verify/events'])
    await callByContract('get', `/audit${about}`, 200, as);
});

test('real answers about sample data and lists of results are as /openapi.json says', async () => {
  await callByContract('post', '/admin/sample', 200, as);
  await callByContract('get', '/admin/sample', 200, as);
  await callByContract('delete', '/admin/sample', 200, { ...as, query: { after: '' } });
  await callByContract('get', '/results/choices', 200, as);
});

// After the audit trail is read: a study goes through the pipeline meanwhile.
test('real answers about what a modality was told is stored are as /openapi.json says', async () => {
  if (!hasStorescu()) skip('a modality over DIMSE', 'dcmtk is not installed');
  await makeTestPeer(gateway, { aeTitle: 'CT_1', accountId });
  // Two images of one UID: only one of them comes to the PACS.
  const films = [testFilm({ seed: 7501 }), testFilm({ seed: 7501, rows: 65 })];
  const stored = await storescu(
    films.map(({ bytes }) => bytes),
    { port: gateway.port, calling: 'CT_1' },
  );
  assert.is(stored.code, 0, stored.said);
  const id = await until('the other one to wait for an administrator', async () => {
    const { transfers } = (await callByContract('get', '/admin/dimse-peers', 200, as)) as DimsePeers;
    return transfers.shown[0]?.id;
  });
  const body = { answer: 'give-up', because: 'not-needed' };
  await callByContract('post', '/admin/dimse-peers/transfers/{id}', 204, { ...as, params: { id }, body });
});

test('the contract has an example of each operation that was called', () => {
  assert.equal(contract.lacking(), []);
});

test.run();
