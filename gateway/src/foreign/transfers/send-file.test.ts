import { BlobWriter, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileStatus } from '#shared/protocol/api.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { expireFiles } from '../../pipeline/stores/sent-file.store.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { addAskingPolicy, ASKING_POLICY, auditedReasons } from '../../testing/add-asking-policy.ts';
import {
  announceFile,
  createdFile,
  fileStatus,
  patchFile,
  sendFile,
  type Announced,
  type Bytes,
} from '../../testing/foreign-clients.ts';
import { audited } from '../../testing/audited.ts';
import { createTestKey } from '../../testing/open-api-key.ts';
import { openTestGateway, type TestGateway } from '../../testing/open-gateway.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';

const test = suite('a file of another client');
const pacs = openTestPacs();
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ pacs });
});
test.after(() => gateway.close());

const text = (said: string): Bytes => new TextEncoder().encode(said);

async function zipOf(files: Readonly<Record<string, Bytes>>): Promise<Bytes> {
  const zip = new ZipWriter(new BlobWriter(), { useWebWorkers: false });
  for (const [path, bytes] of Object.entries(files)) await zip.add(path, new Uint8ArrayReader(bytes));
  return new Uint8Array(await (await zip.close()).arrayBuffer());
}

const filesOf = (instances: readonly SyntheticInstance[]): Record<string, Bytes> =>
  Object.fromEntries(instances.map(({ fileName, bytes }, at) => [`DISC/${at}/${fileName}`, bytes]));

const base64 = (said: string): string => Buffer.from(said).toString('base64');
const announce = (token: string, of: Announced) => announceFile(gateway, token, of);
const create = (token: string, of: Announced) => createdFile(gateway, token, of);
const patch = (token: string, id: string, offset: number, bytes: Bytes) =>
  patchFile(gateway, token, { id, offset, bytes });
const send = (token: string, name: string, bytes: Bytes, policy = 'identified') =>
  sendFile(gateway, token, { name, bytes, policy });
const statusOf = (token: string, id: string) => fileStatus(gateway, token, id);

const whenOpened = (token: string, id: string): Promise<FileStatus> =>
  until('the file to be opened', async () => {
    const status = await statusOf(token, id);
    return status.file.state === 'opened' && status;
  });

const whenReceipted = (token: string, id: string): Promise<FileStatus> =>
  until('the receipt', async () => {
    const status = await statusOf(token, id);
    return status.receipt !== null && status;
  });

const technician = async (): Promise<string> => (await gateway.userWith(['technician'])).accessToken;

test('a creation without a filename is refused, and the answer names that field', async () => {
  const { accessToken: token } = await gateway.userWith(['technician']);
  const headers = { 'tus-resumable': '1.0.0', 'upload-length': '100' };
  for (const more of [{}, { 'upload-metadata': `policy ${base64('identified')}` }]) {
    const answer = await gateway.call('POST', '/upload/files', { token, headers: { ...headers, ...more } });
    assert.is(answer.status, 422);
    assert.match(((await answer.json()) as { detail: string }).detail, 'has no filename');
  }
});

test('a creation that names half of a parcel is told which other half is missing', async () => {
  const { accessToken: token } = await gateway.userWith(['technician']);
  const id = base64('6f1c2d3e-0000-4000-8000-000000000001');
  const detailOf = async (metadata: string): Promise<string> => {
    const headers = { 'tus-resumable': '1.0.0', 'upload-length': '100', 'upload-metadata': metadata };
    const answer = await gateway.call('POST', '/upload/files', { token, headers });
    return ((await answer.json()) as { detail: string }).detail;
  };
  assert.match(await detailOf(`parcel ${id}`), '`upload` and `parcel`');
  assert.match(await detailOf(`upload ${id}`), '`upload` and `parcel`');
  assert.match(await detailOf(`policy ${base64('identified')}`), /`filename`.*`upload` and `parcel`/);
});

test('is taken under the policy that it names, else the key’s, else the gateway’s, and hears which', async () => {
  const { user, accessToken } = await gateway.userWith(['technician']);
  const asked = { accountId: user.id, scopes: ['upload'], policy: 'identified' } as const;
  const key = await createTestKey(gateway, asked);
  const under = async (token: string, policy?: string) => {
    const named = policy === undefined ? {} : { policy };
    const answer = await announce(token, { name: 'a.dcm', bytes: 10, ...named });
    return [answer.status, answer.headers.get('relay-policy')];
  };
  assert.equal(await under(key), [201, 'identified']);
  assert.equal(await under(key, 'deidentified'), [201, 'deidentified']);
  assert.equal(await under(accessToken), [201, 'deidentified']);
});

test('a lone instance is resumed where it was cut, and reaches the PACS with a receipt', async () => {
  const token = await technician();
  const [{ bytes, identifiers }] = syntheticStudy({ seed: 9101, instancesPerSeries: 1 }).instances as [
    SyntheticInstance,
  ];
  const id = await create(token, { name: 'IM0001.dcm', bytes: bytes.length, policy: 'identified' });
  const half = Math.floor(bytes.length / 2);
  assert.is((await patch(token, id, 0, bytes.slice(0, half))).status, 204);
  assert.is((await statusOf(token, id)).state, 'receiving');
  const head = await gateway.call('HEAD', `/upload/files/${id}`, {
    token,
    headers: { 'tus-resumable': '1.0.0' },
  });
  assert.is(head.headers.get('upload-offset'), String(half));
  assert.is((await patch(token, id, half, bytes.slice(half))).status, 204);
  const status = await whenReceipted(token, id);
  assert.is(status.studyInstanceUID, identifiers.studyInstanceUID);
  assert.equal(status.counts, {
    ...{ promised: 1, atGateway: 0, inPacs: 1, refused: 0, quarantined: 0, leftOut: 0 },
  });
  assert.equal(Buffer.from(bytes), pacs.held.get(identifiers.sopInstanceUID)?.bytes);
  const receipt = await gateway.call('GET', `/upload/${id}/receipt`, { token });
  assert.is(receipt.headers.get('content-type'), 'application/jose');
  const [, payload = ''] = (await receipt.text()).split('.');
  assert.ok(Buffer.from(payload, 'base64url').includes(identifiers.sopInstanceUID));
});

test('each successful answer to POST, HEAD and PATCH leads to the file’s status, which tells why nothing of it was taken', async () => {
  const token = await technician();
  const bytes = text('no instance at all');
  const announced = await announce(token, { name: 'a.dcm', bytes: bytes.length, policy: 'identified' });
  const id = announced.headers.get('location')!.split('/').at(-1)!;
  const headers = { 'tus-resumable': '1.0.0' };
  const asked = await gateway.call('HEAD', `/upload/files/${id}`, { token, headers });
  const sent = await patch(token, id, 0, bytes);
  const status = `http://localhost/upload/${id}/status`;
  for (const [answer, at] of [
    [announced, '/upload/files'],
    [asked, `/upload/files/${id}`],
    [sent, `/upload/files/${id}`],
  ] as const) {
    const [, target = '', rel] = /^<(.+)>; rel="(.+)"$/.exec(answer.headers.get('link') ?? '') ?? [];
    assert.equal([new URL(target, `http://localhost${at}`).href, rel], [status, 'describedby']);
  }
  const { file } = await whenOpened(token, id);
  assert.is(file.notTaken.length, 1);
});

test('an archive of two studies is opened, and what is no instance in it is told of', async () => {
  const token = await technician();
  const one = syntheticStudy({ seed: 9102 });
  const other = syntheticStudy({ seed: 9103 });
  const cut = one.instances[0]!.bytes.slice(0, 700);
  const zip = await zipOf({
    ...filesOf(one.instances),
    'DISC/README.TXT': text('a text'),
    'DISC/CUT.DCM': cut,
    ...Object.fromEntries(other.instances.map(({ bytes }, at) => [`second/${at}`, bytes])),
  });
  const id = await send(token, 'export.zip', zip);
  const status = await whenReceipted(token, id);
  assert.equal(
    fieldsOf(status.studies, 'studyInstanceUID').sort(),
    [one.studyInstanceUID, other.studyInstanceUID].sort(),
  );
  assert.is(status.counts.inPacs, 6);
  assert.is(status.counts.refused, 1);
  assert.equal(status.file.notTaken, [
    { entry: 4, state: 'skipped', reason: 'not-dicom' },
    { entry: 5, state: 'refused', reason: status.file.notTaken[1]!.reason },
  ]);
  assert.is(status.file.problem, null);
  const { receipts } = (await (await gateway.call('GET', `/upload/${id}/receipt`, { token })).json()) as {
    receipts: { studyInstanceUID: string }[];
  };
  assert.is(receipts.length, 2);
});

test('under a policy that removes names none of them reaches the PACS, nor a disk of the gateway', async () => {
  const key = await createTestKey(gateway, {
    accountId: (await gateway.userWith(['technician'])).user.id,
    scopes: ['upload'],
  });
  const study = syntheticStudy({ seed: 9104, instancesPerSeries: 4 });
  const id = await send(key, 'PLANTED^NAME.zip', await zipOf(filesOf(study.instances)), 'deidentified');
  const status = await whenReceipted(key, id);
  assert.is(status.counts.inPacs, 4);
  const stored = [...pacs.held.values()].filter((held) => held.study === status.studyInstanceUID);
  assert.is(stored.length, 4);
  for (const { bytes } of stored)
    for (const planted of study.planted) assert.not(bytes.includes(planted), 'a planted value');
  const { fields } = (await audited(gateway.database.db, 'upload-opened')).at(-1)!;
  assert.type(fields['keyId'], 'string', 'the audit trail names the key');
  const rows = JSON.stringify(await gateway.database.db.selectFrom('sent_file').selectAll().execute());
  for (const said of [...study.planted, 'PLANTED', study.studyInstanceUID])
    assert.not(rows.includes(said), said);
});

test('a hostile archive is refused as a whole, and says why', async () => {
  const token = await technician();
  const damaged = await send(token, 'broken.zip', text('PK no archive'));
  const said = await whenOpened(token, damaged);
  assert.equal(said.file.notTaken, [{ entry: 1, state: 'refused', reason: 'archive-damaged' }]);
  assert.is(said.studies.length, 0);
  const bomb = await zipOf({ 'zeros.dcm': new Uint8Array(32 * 1024 ** 2) });
  const bombed = await whenOpened(token, await send(token, 'bomb.zip', bomb));
  assert.equal(bombed.file.notTaken, [{ entry: 1, state: 'refused', reason: 'archive-expansion-limit' }]);
  const nested = await zipOf({ 'inner.zip': bomb });
  const opened = await whenOpened(token, await send(token, 'nested.zip', nested));
  assert.equal(opened.file.notTaken, [{ entry: 1, state: 'refused', reason: 'archive-nested' }]);
});

test('the file of another account is not there, and a key needs the scope', async () => {
  const owner = await gateway.userWith(['technician']);
  const bytes = syntheticStudy({ seed: 9106, instancesPerSeries: 1 }).instances[0]!.bytes;
  const id = await create(owner.accessToken, { name: 'a.dcm', bytes: bytes.length, policy: 'identified' });
  const other = await technician();
  assert.is((await patch(other, id, 0, bytes)).status, 404);
  for (const path of ['status', 'receipt'])
    assert.is((await gateway.call('GET', `/upload/${id}/${path}`, { token: other })).status, 404);
  const key = await createTestKey(gateway, { accountId: owner.user.id, scopes: ['read'] });
  assert.is((await patch(key, id, 0, bytes)).status, 403);
  const headers = { 'tus-resumable': '1.0.0' };
  const deleted = await gateway.call('DELETE', `/upload/files/${id}`, { token: owner.accessToken, headers });
  assert.is(deleted.status, 204);
  assert.is((await gateway.call('GET', `/upload/${id}/status`, { token: owner.accessToken })).status, 404);
});

test('a policy that nobody has, and more than the quota, are refused before a byte travels', async () => {
  const token = await technician();
  const refusal = async (creation: Announced): Promise<string> =>
    create(token, creation).then(String, (error: Error) => error.message);
  assert.match(await refusal({ name: 'a.dcm', bytes: 9, policy: 'of-nobody' }), '"policy-not-allowed"');
  assert.match(
    await refusal({ name: 'a.zip', bytes: 17 * 1024 ** 3, policy: 'identified' }),
    '"body-too-large"',
  );
  const setQuota = (bytes: number) =>
    gateway.database.db.updateTable('site').set({ quota_bytes: bytes }).execute();
  await setQuota(1000);
  const many = await refusal({ name: 'a.dcm', bytes: 1001, policy: 'identified' });
  await setQuota(1024 ** 4);
  assert.match(many, '"quota-exceeded"');
});

test('why names are kept is asked for at the announcement, and again when the file is sent on', async () => {
  const { user, accessToken: token } = await gateway.userWith(['technician']);
  await addAskingPolicy(gateway, user.id);
  const { bytes, identifiers } = syntheticStudy({ seed: 9108, instancesPerSeries: 1 }).instances[0]!;
  const creation = { name: 'a.dcm', bytes: bytes.length, policy: ASKING_POLICY };
  const refusal = async (reason?: string): Promise<string> =>
    create(token, { ...creation, ...(reason !== undefined && { reason }) }).catch(String);
  assert.match(await refusal(), '"reason-missing"');
  assert.match(await refusal('for DOE^JANE'), '"invalid-request"');
  assert.not.match(await refusal('for DOE^JANE'), 'DOE');
  const before = await auditedReasons(gateway);
  const lost = await create(token, { ...creation, reason: 'treatment' });
  await gateway.database.db.updateTable('sent_file').set({ reason: null }).where('id', '=', lost).execute();
  assert.is((await patch(token, lost, 0, bytes)).status, 204);
  assert.is((await whenOpened(token, lost)).file.problem, 'reason-missing');
  assert.equal(await auditedReasons(gateway), before);
  assert.not.ok(pacs.held.has(identifiers.sopInstanceUID));
  const id = await create(token, { ...creation, reason: 'public-health' });
  assert.is((await patch(token, id, 0, bytes)).status, 204);
  assert.is((await whenReceipted(token, id)).counts.inPacs, 1);
  assert.equal(await auditedReasons(gateway), [...before, 'public-health']);
});

test('a file that cannot be opened is deleted by its sender, or given up when its time is over', async () => {
  const token = await technician();
  const { db } = gateway.database;
  const { bytes } = syntheticStudy({ seed: 9109, instancesPerSeries: 1 }).instances[0]!;
  const waiting = async (): Promise<string> => {
    const id = await send(token, 'a.dcm', bytes);
    await until('the quota to be told', async () => (await statusOf(token, id)).file.problem !== null);
    return id;
  };
  const { quota_uploads } = await db.selectFrom('site').select('quota_uploads').executeTakeFirstOrThrow();
  await db.updateTable('site').set({ quota_uploads: 0 }).execute();
  try {
    const deleted = await waiting();
    const headers = { 'tus-resumable': '1.0.0' };
    assert.is((await gateway.call('DELETE', `/upload/files/${deleted}`, { token, headers })).status, 204);
    assert.is((await gateway.call('GET', `/upload/${deleted}/status`, { token })).status, 404);
    const late = await waiting();
    await expireFiles(db, new Date());
    assert.is((await statusOf(token, late)).file.state, 'received', 'its time is not over');
    const over = { expires_at: new Date(0) };
    await db.updateTable('sent_file').set(over).where('id', '=', late).execute();
    await expireFiles(db, new Date());
    const { file } = await statusOf(token, late);
    assert.equal([file.state, file.problem], ['opened', 'quota-exceeded']);
  } finally {
    await db.updateTable('site').set({ quota_uploads }).execute();
  }
});

test.run();
