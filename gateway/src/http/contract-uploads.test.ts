/** The way of a study by the contract alone: announced, sent in pieces, confirmed, read back; and by STOW-RS. */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PolicyAnswer, UploadStatus } from '#shared/protocol/api.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { Ticket } from '#shared/protocol/stick.ts';
import { STICK_GRANT_TYPE, stickAudience } from '#shared/protocol/stick-grant.ts';
import type { Worklist } from '#shared/protocol/worklist.ts';
import { sealTicket } from '#shared/transfer/stick-ticket.ts';
import { until } from '#testing/gateway-under-test.ts';
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { openContract, type Contract } from '../testing/call-by-contract.ts';
import { bodyOf, STOW_TYPE, storeConfirmed } from '../testing/foreign-clients.ts';
import { openPacsGateway, type PacsGateway } from '../testing/open-cases.ts';
import { createTestDevice, type TestDevice } from '../testing/open-device.ts';
import { testFilm } from '../testing/open-subject.ts';
import { packed, sealedBytes, toManifest } from '../testing/pack-parcel.ts';

const test = suite('the contract of an upload');
let gateway: PacsGateway;
let contract: Contract;
let token: string;
test.before(async () => {
  gateway = await openPacsGateway();
  contract = await openContract(gateway);
  token = (await gateway.userWith(['technician'])).accessToken;
});
test.after(() => gateway.close());

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const TUS = { 'tus-resumable': '1.0.0' };
const PIECE = { ...TUS, 'content-type': 'application/offset+octet-stream' };
const filmsOf = (seed: number): [SyntheticInstance, SyntheticInstance] => {
  const one = testFilm({ seed });
  return [one, testFilm({ seed: seed + 1, ofStudy: seed })];
};

/** Promised; its id. */
async function announce(films: readonly SyntheticInstance[]): Promise<string> {
  const body = toManifest(films);
  const answer = await contract.callByContract('post', '/upload/init', 200, { token, body });
  return (answer as ManifestAnswer).uploadId;
}

/** In two pieces. */
async function send(uploadId: string, films: readonly SyntheticInstance[]): Promise<void> {
  const { askByContract } = contract;
  const bytes = await packed(films);
  const half = Math.floor(bytes.length / 2);
  const metadata = `upload ${base64(uploadId)},parcel ${base64(randomUUID())}`;
  const announced = { ...PIECE, 'upload-length': `${bytes.length}`, 'upload-metadata': metadata };
  const created = await askByContract('post', '/upload/files', 201, {
    ...{ token, headers: announced, form: bytes.subarray(0, half) },
  });
  const params = { id: created.headers.get('location')!.split('/').at(-1)! };
  const { headers } = await askByContract('head', '/upload/files/{id}', 200, { token, params, headers: TUS });
  assert.is(headers.get('upload-offset'), `${half}`);
  const rest = { ...PIECE, 'upload-offset': `${half}` };
  const patched = await askByContract('patch', '/upload/files/{id}', 204, {
    ...{ token, params, headers: rest, form: bytes.subarray(half) },
  });
  assert.is(patched.headers.get('upload-offset'), `${bytes.length}`);
  const named = { ...TUS, 'x-http-method-override': 'HEAD' };
  await askByContract('post', '/upload/files/{id}', 200, { token, params, headers: named });
}

async function arrived(id: string): Promise<void> {
  await until('the study to be in the PACS', async () => {
    const answer = await gateway.call('GET', `/upload/${id}/status`, { token });
    return ((await answer.json()) as UploadStatus).state === 'closed';
  });
}

test('real answers on the way of a study are as /openapi.json says', async () => {
  const { callByContract } = contract;
  const films = filmsOf(7101);
  const { studyInstanceUID, sopInstanceUID } = films[0].identifiers;
  const id = await announce(films);
  const params = { id };
  await callByContract('post', '/upload/{id}/complete', 200, { token, params });
  await callByContract('get', '/upload/{id}/receipt', 404, { token, params });
  await send(id, films);
  await callByContract('post', '/upload/{id}/complete', 200, { token, params });
  await arrived(id);
  await callByContract('get', '/upload/{id}/status', 200, { token, params, query: { instances: '1' } });
  await callByContract('get', '/upload/{id}/receipt', 200, { token, params });
  await callByContract('get', '/uploads', 200, { token });
  await callByContract('get', '/uploads/waiting', 200, { token });
  const inPacs = { studyInstanceUID, sopInstanceUIDs: [sopInstanceUID] };
  await callByContract('post', '/upload/in-pacs', 200, { token, body: inPacs });
  await callByContract('post', '/upload/{id}/decisions', 200, {
    ...{ token, params, body: { decision: 'withhold', withheld: { 'left-out': 1 } } },
  });
});

test('real answers about sent studies are as /openapi.json says', async () => {
  const { callByContract } = contract;
  const [film] = filmsOf(7111);
  const id = await announce([film]);
  await send(id, [film]);
  await arrived(id);
  const params = { studyInstanceUID: film.identifiers.studyInstanceUID };
  await callByContract('get', '/studies', 200, { token });
  for (const about of ['timeline', 'destinations', 'viewers', 'receipt.pdf'])
    await callByContract('get', `/studies/{studyInstanceUID}/${about}`, 200, { token, params });
  await callByContract('get', '/studies/{studyInstanceUID}/timeline', 404, {
    ...{ token, params: { studyInstanceUID: '1.2.3' } },
  });
});

test('real answers about orders are as /openapi.json says', async () => {
  const { callByContract } = contract;
  const list =
    'Patient name;Patient ID;Scheduled on;Accession number\nYamada^Kitsune;PID-1;2026-11-23;ACC-1\n';
  const headers = { 'content-type': 'text/csv' };
  const form = new TextEncoder().encode(list);
  await callByContract('post', '/worklist/import', 200, { token, headers, form });
  const query = { from: '2026-11-23', to: '2026-11-24' };
  const { orders } = (await callByContract('get', '/worklist', 200, { token, query })) as Worklist;
  const body = { studyInstanceUID: '1.2.3', order: orders[0] };
  await callByContract('post', '/worklist/choices', 200, { token, body });
});

/** A study of this device in a file, as another person brings it. */
async function saved(device: TestDevice, [film]: readonly SyntheticInstance[]) {
  const { sealingKey } = (await contract.callByContract('get', '/upload/policy', 200, {
    token,
  })) as PolicyAnswer;
  const key = sealingKey!;
  const id = randomUUID();
  const parcel = randomUUID();
  const { bytes, seal } = await sealedBytes(await packed([film!]), key, parcel);
  const manifest = toManifest([film!]);
  const parcels = [{ id: parcel, bytes: bytes.length, ...seal, instances: [0] }];
  const promise = new Uint8Array(gzipSync(JSON.stringify({ manifest, parcels } satisfies Ticket)));
  const says = {
    jti: id,
    digest: sha256(promise),
    aud: stickAudience(key.kid),
  };
  const grant = await device.assertion(says, { typ: STICK_GRANT_TYPE });
  const { enc, sealed } = await sealTicket(key, id, { grant, promise });
  return { query: { ticket: id, key: key.kid, enc }, form: sealed };
}

test('real answers about a study that is carried are as /openapi.json says', async () => {
  const device = await createTestDevice(gateway);
  await device.enrol(token);
  const { query, form } = await saved(device, filmsOf(7141));
  await contract.callByContract('post', '/upload/carried', 200, {
    ...{ token, query, form, headers: { 'content-type': 'application/octet-stream' } },
  });
});

test('real answers about what is taken back are as /openapi.json says', async () => {
  const { callByContract } = contract;
  const films = filmsOf(7121);
  const id = await announce(films);
  const { sopInstanceUID } = films[1].identifiers;
  const { digest } = toManifest(films).instances[1]!;
  await callByContract('post', '/upload/{id}/decisions', 200, {
    ...{ token, params: { id }, body: { decision: 'take-back', instances: [{ sopInstanceUID, digest }] } },
  });
  await callByContract('delete', '/upload/{id}', 204, { token, params: { id } });
  await callByContract('get', '/upload/{id}/status', 404, { token, params: { id } });
  await callByContract('post', '/upload/init', 422, { token, body: { protocolVersion: 1 } });
  const { policy, ...rest } = toManifest(films);
  const withdrawn = { ...rest, policy: { ...policy, version: 7 } };
  await callByContract('post', '/upload/init', 409, { token, body: withdrawn });
});

test('real answers of STOW-RS and storage commitment are as /openapi.json says', async () => {
  const { callByContract } = contract;
  const films = filmsOf(7131);
  const form = new Uint8Array(await bodyOf(films.map(({ bytes }) => bytes)).arrayBuffer());
  const stow = { token, form, headers: { 'content-type': STOW_TYPE }, query: { policy: 'identified' } };
  // On a busy machine the PACS confirms later than a request waits: then the next one is answered by 200.
  await storeConfirmed(gateway, token, { files: films.map(({ bytes }) => bytes) });
  await callByContract('post', '/dicom-web/studies', 200, stow);
  const { studyInstanceUID } = films[0].identifiers;
  const toStudy = { ...stow, params: { studyInstanceUID } };
  await callByContract('post', '/dicom-web/studies/{studyInstanceUID}', 200, toStudy);
  await callByContract('post', '/dicom-web/studies/{studyInstanceUID}', 409, {
    ...{ ...stow, params: { studyInstanceUID: '1.2.3' } },
  });
  await callByContract('post', '/dicom-web/studies', 415, { ...stow, headers: {} });
  await callByContract('get', '/uploads/not-taken', 200, { token });
  const Value = films.map(({ identifiers: { sopClassUID, sopInstanceUID } }) => ({
    '00081150': { vr: 'UI', Value: [sopClassUID] },
    '00081155': { vr: 'UI', Value: [sopInstanceUID] },
  }));
  const params = { transactionUID: '2.25.7131' };
  const path = '/dicom-web/commitment-requests/{transactionUID}';
  const headers = { 'content-type': 'application/dicom+json' };
  const body = { '00081199': { vr: 'SQ', Value } };
  await callByContract('post', path, 200, { token, params, headers, body });
  await callByContract('get', path, 200, { token, params });
});

test('the contract has an example of each operation that was called', () => {
  assert.equal(contract.lacking(), []);
});

test.run();
