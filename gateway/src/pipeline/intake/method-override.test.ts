/**
 * A request of tus that names its method in X-HTTP-Method-Override, for networks that let POST alone through: it is
 * what it names, with the same rights, limits, refusals and effects. With a real socket and without one.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openTestGateway, type TestGateway } from '../../testing/open-gateway.ts';
import { toManifest } from '../../testing/pack-parcel.ts';

const BYTES = randomBytes(300_000);
const TUS = { 'tus-resumable': '1.0.0' };
const sha256 = (bytes: Uint8Array) => `sha256 ${createHash('sha256').update(bytes).digest('base64')}`;

const test = suite('a request that names its method');
let gateway: TestGateway;
let server: ServerType;
let token: string;
let isFull = false;
let uploadId: string;
test.before(async () => {
  gateway = await openTestGateway({ isFull: async () => isFull });
  token = (await gateway.userWith(['technician'])).accessToken;
  server = serve({ fetch: gateway.api.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const { instances } = syntheticStudy({ seed: 81, instancesPerSeries: 1, rows: 8, columns: 8 });
  const body = toManifest(instances, 'identified', { bytes: 10_000_000 });
  const init = await gateway.call('POST', '/upload/init', { token, body });
  uploadId = ((await init.json()) as ManifestAnswer).uploadId;
});
test.after(async () => {
  await new Promise((resolve) => server.close(resolve));
  await gateway.close();
});

type Ask = (
  path: string,
  headers: Record<string, string>,
  body?: Uint8Array<ArrayBuffer>,
) => Promise<Response>;

/** By POST, whatever is meant. */
const inMemory: Ask = async (path, headers, body) =>
  gateway.api.request(path, {
    method: 'POST',
    headers: { host: 'localhost', authorization: `Bearer ${token}`, ...TUS, ...headers },
    ...(body && { body }),
  });
const bySocket: Ask = (path, headers, body) =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...TUS, ...headers },
    ...(body && { body }),
  });

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function created(ask: Ask): Promise<string> {
  const response = await ask('/upload/files', {
    'upload-length': String(BYTES.length),
    'upload-metadata': `upload ${base64(uploadId)},parcel ${base64(randomUUID())}`,
  });
  assert.is(response.status, 201);
  return `/upload/${response.headers.get('location')}`;
}

const named = (method: string, more: Record<string, string> = {}) => ({
  'x-http-method-override': method,
  ...more,
});
const pieceAt = (offset: number, piece: Uint8Array) =>
  named('PATCH', {
    'content-type': 'application/offset+octet-stream',
    'upload-offset': String(offset),
    'upload-checksum': sha256(piece),
  });
const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code;

for (const [name, ask] of [
  ['without a socket', inMemory],
  ['by a socket', bySocket],
] as const)
  test(`asks, brings pieces and takes away, ${name}`, async () => {
    const path = await created(ask);
    const half = BYTES.subarray(0, 150_000) as Uint8Array<ArrayBuffer>;
    const rest = BYTES.subarray(150_000) as Uint8Array<ArrayBuffer>;
    const patched = await ask(path, pieceAt(0, half), half);
    assert.equal([patched.status, patched.headers.get('upload-offset')], [204, '150000']);
    const asked = await ask(path, named('HEAD'));
    assert.equal(
      [asked.status, asked.headers.get('upload-offset'), asked.headers.get('upload-length')],
      [200, '150000', String(BYTES.length)],
    );
    assert.is((await ask(path, pieceAt(0, half), half)).status, 409, 'at another offset');
    const damaged = await ask(path, { ...pieceAt(150_000, rest), 'upload-checksum': sha256(half) }, rest);
    assert.is(damaged.status, 460);
    assert.is(
      (await ask(path, pieceAt(150_000, rest), rest)).headers.get('upload-offset'),
      String(BYTES.length),
    );
    const other = await created(ask);
    assert.is((await ask(other, named('delete'))).status, 204, 'in any case of letters');
    assert.ok((await ask(other, named('HEAD'))).status >= 404);
  });

test('has the rights of the method that it names, and no others', async () => {
  const path = await created(inMemory);
  const stranger = await gateway.api.request(path, {
    method: 'POST',
    headers: { host: 'localhost', ...TUS, ...named('HEAD') },
  });
  assert.is(stranger.status, 401);
  const mine = token;
  for (const [roles, status] of [
    [['auditor'], 403],
    [['technician'], 404],
  ] as const) {
    token = (await gateway.userWith([...roles])).accessToken;
    for (const method of ['HEAD', 'PATCH', 'DELETE'])
      assert.is((await inMemory(path, named(method))).status, status, `${roles} ${method}`);
  }
  token = mine;
  assert.is((await inMemory(path, named('HEAD'))).status, 200, 'nobody took it away');
});

test('is refused where no such method is, and is no other request elsewhere', async () => {
  const path = await created(inMemory);
  for (const headers of [{}, named('GET'), named('PUT'), named('POST'), named('')]) {
    const refused = await inMemory(path, headers);
    assert.equal(
      [refused.status, refused.headers.get('allow'), await codeOf(refused)],
      [405, 'HEAD, PATCH, DELETE, OPTIONS', 'method-not-allowed'],
    );
  }
  const onAll = await inMemory('/upload/files', named('DELETE'));
  assert.equal([onAll.status, onAll.headers.get('allow')], [405, 'POST, OPTIONS']);
  const elsewhere = await inMemory(`/upload/${uploadId}`, named('DELETE'));
  assert.is(elsewhere.status, 405, 'of an upload, which is no route of tus');
  const got = await gateway.call('GET', path, { token, headers: { ...TUS, ...named('HEAD') } });
  assert.equal([got.status, got.headers.get('upload-offset')], [200, '0'], 'the actual method is ignored');
});

test('meets a full disk as the method that it names', async () => {
  const path = await created(inMemory);
  isFull = true;
  try {
    const piece = BYTES.subarray(0, 10) as Uint8Array<ArrayBuffer>;
    assert.is((await inMemory(path, pieceAt(0, piece), piece)).status, 507);
    assert.is((await inMemory(path, named('HEAD'))).status, 200);
    assert.is((await inMemory(path, named('DELETE'))).status, 204);
  } finally {
    isFull = false;
  }
});

test.run();
