// test:all: more than one gateway is rare; pipeline/run-twice guards that a stage may run twice
/**
 * Two gateways on one PostgreSQL and one data directory, behind a load balancer: for the devices they are
 * one. Nothing is lost, nothing is doubled, whichever of them a request lands on, and also when one is
 * killed.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { CompleteAnswer, PolicyAnswer, UploadStatus } from '#shared/protocol/api.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import { startBalancer } from '#testing/balancer.ts';
import { createGatewayUnderTest, type GatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { sha256 } from '#testing/sha256.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { startOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { createTestDatabase } from './testing/open-database.ts';
import { ADMIN_PASSWORD, digestInOrthanc, upload, writeStudy } from './testing/killed-study.ts';
import { packed, toManifest } from './testing/pack-parcel.ts';
import { signInAt } from './testing/sign-in-at.ts';

/** Several connections for one parcel of a few MB, and each goes to the other gateway. */
const CONNECTION_BYTES = 1_500_000;
const LARGE_BYTES = 24_000_000;

async function openWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'relay-several-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
  const database = await createTestDatabase({ isEmpty: true });
  const settings = {
    dataDir: join(folder, 'data'),
    adminPassword: ADMIN_PASSWORD,
    databaseUrl: database.url,
    pacs: orthanc,
    env: { RELAY_PUBLIC_URL: 'http://localhost' },
  };
  const ports = [await freePort(), await freePort()];
  const gateways: GatewayUnderTest[] = [];
  for (const port of ports)
    gateways.push(createGatewayUnderTest({ ...settings, port, webPort: await freePort() }));
  // At once, on an empty folder and an empty database.
  await Promise.all(gateways.map((gateway) => gateway.start()));
  const balancer = await startBalancer(ports, CONNECTION_BYTES);
  return {
    folder,
    orthanc,
    database,
    gateways,
    balancer,
    through: `http://127.0.0.1:${balancer.port}`,
    async close() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await balancer.stop();
      await orthanc.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
type World = Awaited<ReturnType<typeof openWorld>>;

const test = suite('several gateways');
let world: World;

const signIn = async (
  api: string,
  credentials = { username: 'admin', password: ADMIN_PASSWORD },
): Promise<string> => (await signInAt(api, credentials)).accessToken;

/** The states of one upload as a gateway's event stream tells them. */
async function watch(api: string, token: string, uploadId: string) {
  const ending = new AbortController();
  const stream = await fetch(`${api}/events?upload=${uploadId}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: ending.signal,
  });
  const states: string[] = [];
  const ended = (async () => {
    let text = '';
    for await (const piece of stream.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      for (const line of text.split('\n').slice(0, -1))
        if (line.startsWith('data: ')) states.push((JSON.parse(line.slice(6)) as UploadStatus).state);
      text = text.slice(text.lastIndexOf('\n') + 1);
    }
  })();
  const untilEnded = ignoreFailure(ended, 'the test ends the stream itself');
  return {
    states,
    end() {
      ending.abort();
      return untilEnded;
    },
  };
}

/** A device by hand: each of its requests goes to the other gateway. */
function createDevice(token: string) {
  let turn = 0;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const send = async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body: RequestInit['body'] = null,
  ): Promise<Response> => {
    turn += 1;
    const { api } = world.gateways[turn % 2]!;
    return fetch(`${api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0', ...headers },
      body,
    });
  };
  return {
    send,
    async init(instances: readonly SyntheticInstance[]): Promise<ManifestAnswer> {
      const answer = await send(
        'POST',
        '/upload/init',
        { 'content-type': 'application/json' },
        JSON.stringify(toManifest(instances)),
      );
      return (await answer.json()) as ManifestAnswer;
    },
    async create(uploadId: string, bytes: number): Promise<string> {
      const metadata = `upload ${base64(uploadId)},parcel ${base64(randomUUID())}`;
      const created = await send('POST', '/upload/files', {
        'upload-length': String(bytes),
        'upload-metadata': metadata,
      });
      assert.is(created.status, 201);
      return `/upload/${created.headers.get('location')}`;
    },
    patch: (location: string, offset: number, piece: Uint8Array<ArrayBuffer>) =>
      send(
        'PATCH',
        location,
        { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
        piece,
      ),
  };
}

test.before(async () => {
  world = await openWorld();
});
test.after(() => world.close());

test('started at once on an empty folder and an empty database they have the same keys and one first user', async () => {
  const keys = await Promise.all(
    world.gateways.map(async ({ api }) => (await fetch(`${api}/.well-known/jwks.json`)).text()),
  );
  assert.is(keys[0], keys[1]);
  const token = await signIn(world.gateways[0]!.api);
  const me = await fetch(`${world.gateways[1]!.api}/auth/me`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.is(me.status, 200, 'a token of the one holds at the other');
});

test('a user who is disabled at one gateway is refused by the other', async () => {
  const [first, second] = world.gateways.map(({ api }) => api);
  const token = await signIn(first!);
  const asAdmin = async (method: string, path: string, body: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return (await fetch(`${first}${path}`, { method, headers, body: JSON.stringify(body) })).json();
  };
  const credentials = { username: 'guest', password: 'only for this test' };
  const { id } = (await asAdmin('POST', '/admin/users', { ...credentials, roles: ['technician'] })) as {
    id: string;
  };
  const theirs = await signIn(second!, credentials);
  const asked = async () =>
    (await fetch(`${second}/auth/me`, { headers: { authorization: `Bearer ${theirs}` } })).status;
  assert.is(await asked(), 200);
  await asAdmin('PATCH', `/admin/users/${id}`, { disabled: true });
  await until('the other gateway to refuse', async () => (await asked()) === 401);
});

test('a policy that is made, changed or withdrawn at one gateway holds at the other with the next request', async () => {
  const [first, second] = world.gateways.map(({ api }) => api);
  const token = await signIn(first!);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const asAdmin = async (api: string, method: string, path: string, body: object) =>
    (await fetch(`${api}/admin/policies${path}`, { method, headers, body: JSON.stringify(body) })).status;
  const offered = async () => {
    const { policies } = (await (await fetch(`${second}/upload/policy`, { headers })).json()) as PolicyAnswer;
    return policies.find(({ name }) => name === 'own')?.version;
  };
  const policy = { name: 'own', title: 'Our own', deidentify: true, options: [], roles: ['admin'] };
  assert.is(await asAdmin(first!, 'POST', '', policy), 201);
  assert.is(await offered(), 1);
  assert.is(await asAdmin(first!, 'PUT', '/own', { replaces: 1, policy }), 200);
  assert.is(await offered(), 2);
  assert.equal(
    (
      await Promise.all([first!, second!].map((api) => asAdmin(api, 'PUT', '/own', { replaces: 2, policy })))
    ).sort(),
    [200, 409],
    'two at once',
  );
  assert.is(await asAdmin(first!, 'POST', '/own/withdraw', { version: 3 }), 200);
  assert.is(await offered(), undefined);
});

test('each piece of a parcel may land on another gateway, and both tell the device of every step', async () => {
  const token = await signIn(world.gateways[0]!.api);
  const device = createDevice(token);
  const { instances } = syntheticStudy({ seed: 77, series: 2 });
  const { uploadId } = await device.init(instances);
  const watches = await Promise.all(world.gateways.map(({ api }) => watch(api, token, uploadId)));
  const bytes = await packed(instances);
  const location = await device.create(uploadId, bytes.length);
  const piece = Math.ceil(bytes.length / 7);
  for (let offset = 0; offset < bytes.length; offset += piece) {
    const answer = await device.patch(location, offset, bytes.subarray(offset, offset + piece));
    assert.equal(
      [answer.status, answer.headers.get('upload-offset')],
      [204, String(Math.min(bytes.length, offset + piece))],
    );
  }
  const completed = (await (
    await device.send('POST', `/upload/${uploadId}/complete`)
  ).json()) as CompleteAnswer;
  assert.equal(completed.missing, []);
  for (const { states } of watches)
    await until('each gateway to tell the end', () => states.includes('closed'));
  for (const { end } of watches) await end();
  for (const { identifiers, bytes: sent } of instances)
    assert.is(await digestInOrthanc(world.orthanc, identifiers.sopInstanceUID), sha256(sent));
});

test('a device that comes back through the other gateway does not wait for its dead connection', async () => {
  const token = await signIn(world.gateways[0]!.api);
  const device = createDevice(token);
  const { instances } = syntheticStudy({ seed: 78 });
  const { uploadId } = await device.init(instances);
  const bytes = await packed(instances);
  const location = await device.create(uploadId, bytes.length);
  const half = bytes.length >> 1;
  // The body stops in the middle and the connection stays: a network that went away without a word.
  const hanging = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes.subarray(0, half)),
  });
  const headers = {
    authorization: `Bearer ${token}`,
    'tus-resumable': '1.0.0',
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
  };
  const cut = new AbortController();
  const first = fetch(`${world.gateways[0]!.api}${location}`, {
    method: 'PATCH',
    headers,
    body: hanging,
    duplex: 'half',
    signal: cut.signal,
  } as RequestInit);
  void ignoreFailure(first, 'the test cuts it');
  await until('the first gateway to work on it', () =>
    world.gateways[0]!.lines.some(
      ({ event, stage, parcelId }) =>
        event === 'stage-started' && stage === 'intake' && location.endsWith(String(parcelId)),
    ),
  );
  const other = async (method: string, more: Record<string, string> = {}, body: RequestInit['body'] = null) =>
    fetch(`${world.gateways[1]!.api}${location}`, { method, headers: { ...headers, ...more }, body });
  const asked = await other('HEAD');
  assert.is(asked.status, 200);
  const offset = Number(asked.headers.get('upload-offset'));
  const sent = await other('PATCH', { 'upload-offset': String(offset) }, bytes.subarray(offset));
  assert.is(sent.status, 204);
  cut.abort();
  await device.send('POST', `/upload/${uploadId}/complete`);
  for (const { identifiers, bytes: whole } of instances) {
    await until('the PACS to have it', () =>
      digestInOrthanc(world.orthanc, identifiers.sopInstanceUID).then(
        (digest) => digest === sha256(whole),
        () => false,
      ),
    );
  }
});

test('a study that comes through both arrives once, bit for bit, also when one of them is killed in the middle', async () => {
  const [, victim] = world.gateways;
  const sent = await writeStudy(join(world.folder, 'study'), 1, LARGE_BYTES);
  const before = world.balancer.bytesUp.map((bytes) => bytes);
  const uploading = upload(join(world.folder, 'study'), world.through);
  await until('both to have taken some', () =>
    world.balancer.bytesUp.every((bytes, which) => bytes - before[which]! > LARGE_BYTES / 6),
  );
  await victim!.kill();
  await until(
    'the other to have taken more',
    () => world.balancer.bytesUp[0]! - before[0]! > LARGE_BYTES / 2,
  );
  await victim!.start();
  const result = await uploading;
  assert.is(result.code, 0, `${result.stderr}\n${result.stdout}`);
  for (const { sopInstanceUID, digest } of sent)
    assert.is(await digestInOrthanc(world.orthanc, sopInstanceUID), digest);
  const left = await readdir(join(world.folder, 'data', 'blobs'));
  await until(
    'nothing to be left of the parcels',
    async () => (await readdir(join(world.folder, 'data', 'blobs'))).length === 0,
  ).catch(() => assert.equal(left, []));
});

test('gateways whose connections to the database were all ended continue, and hear each other again', async () => {
  const token = await signIn(world.gateways[0]!.api);
  const device = createDevice(token);
  const { instances } = syntheticStudy({ seed: 79 });
  await world.database.endConnections();
  const { uploadId } = await until('a gateway to answer again', () =>
    device.init(instances).then(
      (answer) => (answer.uploadId ? answer : null),
      () => null,
    ),
  );
  const watches = await Promise.all(world.gateways.map(({ api }) => watch(api, token, uploadId)));
  const bytes = await packed(instances);
  const location = await until('the parcel to be made', () =>
    device.create(uploadId, bytes.length).catch(() => null),
  );
  await device.patch(location, 0, bytes);
  await device.send('POST', `/upload/${uploadId}/complete`);
  for (const { states } of watches)
    await until('each gateway to tell the end', () => states.includes('closed'));
  for (const { end } of watches) await end();
});

test.run();
