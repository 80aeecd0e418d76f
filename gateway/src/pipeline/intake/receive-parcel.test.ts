/**
 * Parcels over tus: the promises that a device on a bad link relies on. With a real socket where a connection
 * dies.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closed } from '../../../../shared/testing/closed.ts';
import { manifestAnswerSchema } from '#shared/protocol/manifest.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import { StorageFull } from '../../ports/blobs/blobs.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../../testing/open-pipeline.ts';
import { toManifest } from '../../testing/pack-parcel.ts';

const { instances } = syntheticStudy({ seed: 4, instancesPerSeries: 2, rows: 8, columns: 8 });
const sha256 = (bytes: Uint8Array) => `sha256 ${createHash('sha256').update(bytes).digest('base64')}`;
const offsetOf = (response: Response) => Number(response.headers.get('upload-offset'));
const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code;

const PROMISED_BYTES = 10_000_000;
const GIB = 1024 ** 3;
/** The least that is written of 1.2 MB that have come: fewer than the rest are gathered for one write. */
const WRITTEN_AT_LEAST = 800_000;

const test = suite('a parcel');
let ground: TestGround;
let pipeline: TestPipeline;
let upload: string;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());
test.before.each(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
  // The database is shared, the disk is not: unfinished parcels of an earlier test take no room here.
  await ground.database.db.deleteFrom('parcel').execute();
  // Nothing here is verified: the promise is just large enough for the parcels sent.
  upload = (await pipeline.init(toManifest(instances, 'identified', { bytes: PROMISED_BYTES }))).uploadId;
});
test.after.each(() => pipeline.close());

async function created(bytes: number, parcel: string = randomUUID()): Promise<string> {
  const response = await pipeline.create(upload, parcel, bytes);
  assert.is(response.status, 201);
  return response.headers.get('location')!;
}

/** The spooled bytes, decrypted. */
async function stored(location: string): Promise<Buffer> {
  const id = location.split('/').at(-1)!;
  const { wrapped_key, id: studyId } = await pipeline.tools.db
    .selectFrom('parcel')
    .innerJoin('study', 'study.id', 'parcel.study_id')
    .select(['study.wrapped_key', 'study.id'])
    .where('parcel.id', '=', id)
    .executeTakeFirstOrThrow();
  const blob = (await pipeline.tools.blobs.open(
    id,
    parcelKey(pipeline.tools.keys.unwrap(studyId, wrapped_key!)!, id),
  ))!;
  const bytes = Buffer.from(await blob.read(0, blob.size));
  await blob.close();
  return bytes;
}

test('has a relative address, so that it holds behind a prefix, and says when it expires', async () => {
  const response = await pipeline.create(upload, randomUUID(), 100);
  assert.match(response.headers.get('location')!, /^files\/[0-9a-f-]{36}$/);
  assert.ok(Date.parse(response.headers.get('upload-expires')!) > pipeline.tools.now().getTime());
  const options = await pipeline.request('OPTIONS', '/upload/files');
  assert.ok(
    ['creation', 'creation-with-upload', 'termination', 'expiration', 'checksum'].every((name) =>
      options.headers.get('tus-extension')?.includes(name),
    ),
  );
  assert.is(options.headers.get('tus-checksum-algorithm'), 'sha256,sha1');
});

test('is created once under the device’s name, and continues where it was', async () => {
  const parcel = randomUUID();
  const location = await created(100, parcel);
  await pipeline.patch(location, 0, randomBytes(40));
  const again = await pipeline.create(upload, parcel, 100);
  assert.equal([again.status, again.headers.get('location'), offsetOf(again)], [201, location, 40]);
  assert.is((await pipeline.create(upload, parcel, 101)).status, 422, 'another length is another parcel');
});

test('that was begun is named by the next init: the device asks for its offset before it sends a byte again', async () => {
  const manifest = toManifest(instances, 'identified', { bytes: PROMISED_BYTES });
  assert.is((await pipeline.init(manifest)).begun, undefined);
  // The command line names its parcels by their content.
  const one = randomUUID();
  const other = randomBytes(16)
    .fill(255, 6, 9)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const location = await created(100, one);
  await pipeline.patch(await created(60, other), 0, randomBytes(60));
  const { begun } = manifestAnswerSchema.parse(await pipeline.init(manifest));
  assert.equal([...begun!].sort(), [one, other].sort(), 'also what has come and was not verified');
  await pipeline.request('DELETE', `/upload/${location}`, null, { 'tus-resumable': '1.0.0' });
  assert.equal((await pipeline.init(manifest)).begun, [other]);
});

test('arrives with its creation, when it is small', async () => {
  const bytes = randomBytes(50);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const response = await pipeline.request('POST', '/upload/files', bytes, {
    'tus-resumable': '1.0.0',
    'upload-length': '50',
    'content-type': 'application/offset+octet-stream',
    'upload-checksum': sha256(bytes),
    'upload-metadata': `upload ${base64(upload)},parcel ${base64(randomUUID())}`,
  });
  assert.equal([response.status, offsetOf(response)], [201, 50]);
});

test('with a wrong checksum is not accepted: the offset stays, and the right bytes continue there', async () => {
  const bytes = randomBytes(1000);
  const location = await created(2000);
  await pipeline.patch(location, 0, bytes, { 'upload-checksum': sha256(bytes) });
  const wrong = await pipeline.patch(location, 1000, bytes, { 'upload-checksum': sha256(randomBytes(5)) });
  assert.equal([wrong.status, await codeOf(wrong)], [460, 'checksum-mismatch']);
  assert.is(offsetOf(await pipeline.head(location)), 1000);
  const sha1 = `sha1 ${createHash('sha1').update(bytes).digest('base64')}`;
  assert.is((await pipeline.patch(location, 1000, bytes, { 'upload-checksum': sha1 })).status, 204);
  assert.ok((await stored(location)).equals(Buffer.concat([bytes, bytes])));
  assert.is((await pipeline.patch(location, 2000, bytes, { 'upload-checksum': 'md5 AAAA' })).status, 400);
});

test('at a wrong offset is refused without a code, which means: ask', async () => {
  const location = await created(100);
  const response = await pipeline.patch(location, 10, randomBytes(10));
  assert.is(response.status, 409);
  assert.not.match(response.headers.get('content-type') ?? '', /problem/);
});

test('takes no more than it was announced with', async () => {
  const location = await created(100);
  const response = await pipeline.patch(location, 0, randomBytes(101), { 'content-length': '101' });
  assert.equal([response.status, await codeOf(response)], [413, 'body-too-large']);
  const huge = await pipeline.create(upload, randomUUID(), 2 ** 45);
  assert.equal([huge.status, await codeOf(huge)], [413, 'body-too-large']);
});

test('is nobody else’s', async () => {
  const location = await created(100);
  pipeline.actAs(randomUUID(), ['technician']);
  const answers = [
    await pipeline.head(location),
    await pipeline.patch(location, 0, randomBytes(10)),
    await pipeline.create(upload, randomUUID(), 10),
    await pipeline.request('GET', `/upload/${upload}/status`),
  ];
  for (const { status } of answers) assert.is(status, 404);
  pipeline.actAs(randomUUID(), ['auditor']);
  assert.is((await pipeline.request('GET', `/upload/${upload}/status`)).status, 200, 'an auditor may look');
  assert.is((await pipeline.create(upload, randomUUID(), 10)).status, 403, 'and not send');
});

test('is removed when its device gives it up', async () => {
  const location = await created(100);
  await pipeline.patch(location, 0, randomBytes(10));
  assert.is(
    (await pipeline.request('DELETE', `/upload/${location}`, null, { 'tus-resumable': '1.0.0' })).status,
    204,
  );
  assert.is((await pipeline.head(location)).status, 404);
  assert.equal(await pipeline.tools.blobs.ids(), []);
});

test('that finds no room waits, visibly', async () => {
  const full = { ...pipeline.tools.blobs, freeBytes: async () => 1000 };
  Object.assign(pipeline.tools.blobs, full);
  const response = await pipeline.create(upload, randomUUID(), 5000);
  assert.equal([response.status, await codeOf(response)], [507, 'storage-full']);
  assert.is((await pipeline.status(upload)).waiting?.because, 'storage-full');
});

test('may be as large as what was promised with its headers, and not larger', async () => {
  const [one] = syntheticStudy({ seed: 5, instancesPerSeries: 1, rows: 8, columns: 8 }).instances;
  const { uploadId } = await pipeline.init(toManifest([one!], 'identified', { bytes: 10 }));
  for (let i = 0; i < 8; i += 1) {
    const refused = await pipeline.create(uploadId, randomUUID(), 16 * GIB);
    assert.equal([refused.status, await codeOf(refused)], [413, 'body-too-large']);
  }
  assert.is((await pipeline.create(uploadId, randomUUID(), 10 + 1024)).status, 201);
  assert.is((await pipeline.status(uploadId)).waiting, null, 'nothing is full');
});

test('with instances that came another way begins again with init, and one of the usual size is accepted whole', async () => {
  const [one, two] = syntheticStudy({ seed: 6, instancesPerSeries: 2, rows: 8, columns: 8 }).instances;
  const { uploadId } = await pipeline.init(toManifest([one!, two!], 'identified', { bytes: 100_000_000 }));
  await pipeline.tools.db
    .updateTable('instance')
    .set({ state: 'received' })
    .where('sop_instance_uid', '=', one!.identifiers.sopInstanceUID)
    .execute();
  assert.is(
    (await pipeline.create(uploadId, randomUUID(), 100_001_000)).status,
    201,
    'the other one is needed',
  );
  await pipeline.tools.db
    .updateTable('instance')
    .set({ state: 'received' })
    .where('sop_instance_uid', '=', two!.identifiers.sopInstanceUID)
    .execute();
  const late = await pipeline.create(uploadId, randomUUID(), 100_001_000);
  assert.equal([late.status, await codeOf(late)], [404, 'upload-not-found']);
  assert.is((await pipeline.create(uploadId, randomUUID(), 16 * 1024 ** 2)).status, 201);
});

test('counts against the room from the moment it is announced, and until it is written', async () => {
  const room = 512 * 1024 ** 2 + 1000;
  Object.assign(pipeline.tools.blobs, { freeBytes: async () => room });
  const first = await created(600);
  const second = await pipeline.create(upload, randomUUID(), 401);
  assert.equal([second.status, await codeOf(second)], [507, 'storage-full']);
  assert.is(
    (await pipeline.create(upload, randomUUID(), 400)).status,
    201,
    'the rest of the room is granted',
  );
  await pipeline.request('DELETE', `/upload/${first}`, null, { 'tus-resumable': '1.0.0' });
  assert.is(
    (await pipeline.create(upload, randomUUID(), 600)).status,
    201,
    'an abandoned parcel frees its space',
  );
});

test('gets the last room alone when two ask for it at once', async () => {
  Object.assign(pipeline.tools.blobs, { freeBytes: async () => 512 * 1024 ** 2 + 1000 });
  const answers = await Promise.all([1, 2, 3].map(() => pipeline.create(upload, randomUUID(), 700)));
  assert.equal(answers.map(({ status }) => status).sort(), [201, 507, 507]);
});

test('is not written into the reserve, and continues when there is room again', async () => {
  const location = await created(5000);
  const { freeBytes } = pipeline.tools.blobs;
  Object.assign(pipeline.tools.blobs, { freeBytes: async () => 512 * 1024 ** 2 + 4999 });
  const bytes = randomBytes(5000);
  const refused = await pipeline.patch(location, 0, bytes, { 'content-length': '5000' });
  assert.equal([refused.status, await codeOf(refused)], [507, 'storage-full']);
  assert.is((await pipeline.status(upload)).waiting?.because, 'storage-full');
  assert.is(offsetOf(await pipeline.head(location)), 0);
  Object.assign(pipeline.tools.blobs, { freeBytes });
  assert.is((await pipeline.patch(location, 0, bytes)).status, 204);
  assert.is((await pipeline.status(upload)).waiting, null);
});

test('is one of at most 64 that an upload leaves unfinished; one of them is still found again', async () => {
  const parcel = randomUUID();
  await created(10, parcel);
  for (let i = 1; i < 64; i += 1) await created(10);
  const refused = await pipeline.create(upload, randomUUID(), 10);
  assert.equal([refused.status, await codeOf(refused)], [507, 'storage-full']);
  const location = await created(10, parcel);
  await pipeline.patch(location, 0, randomBytes(10));
  await created(10);
});

test('that was complete when the process died is found by the next question', async () => {
  const bytes = randomBytes(60);
  const location = await created(60);
  const { arrived } = pipeline.parcels;
  await pipeline.patch(location, 0, bytes);
  const id = location.split('/').at(-1)!;
  // The parcel's state, as if nobody had said that it is complete.
  await pipeline.tools.db.updateTable('parcel').set({ state: 'receiving' }).where('id', '=', id).execute();
  assert.is(offsetOf(await pipeline.head(location)), 60);
  assert.is(
    (await pipeline.tools.db.selectFrom('parcel').select('state').where('id', '=', id).executeTakeFirst())
      ?.state,
    'received',
  );
  await arrived(id, null);
});

/** A PATCH over a socket of its own that says it brings `announced` bytes and brings `sent`. */
async function halfPatch(
  port: number,
  location: string,
  { offset, sent, announced }: { offset: number; sent: Uint8Array; announced: number },
) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const head = [
    `PATCH /upload/${location} HTTP/1.1`,
    'Host: x',
    'Tus-Resumable: 1.0.0',
    `Upload-Offset: ${offset}`,
    'Content-Type: application/offset+octet-stream',
    `Content-Length: ${announced}`,
    `Upload-Checksum: ${sha256(randomBytes(3))}`,
    '',
    '',
  ];
  socket.write(head.join('\r\n'));
  await new Promise<void>((resolve) => void socket.write(sent, () => resolve()));
  return socket;
}

async function untilOffset(location: string, offset: number): Promise<number> {
  await untilSize(location, offset);
  return offsetOf(await pipeline.head(location));
}

test('I12: whatever is cut, and wherever, what came stays and the end is what was sent', async () => {
  const server = serve({ fetch: pipeline.app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const property = fc.asyncProperty(
    fc.integer({ min: 1000, max: 300_000 }),
    fc.array(fc.nat(), { maxLength: 4 }),
    async (length, cuts) => {
      const bytes = new Uint8Array(randomBytes(length));
      const location = await created(bytes.length);
      let offset = 0;
      for (const cut of cuts) {
        const end = offset + (cut % (bytes.length - offset));
        const socket = await halfPatch(port, location, {
          offset: offset,
          sent: bytes.subarray(offset, end),
          announced: bytes.length - offset,
        });
        socket.end();
        offset = await untilOffset(location, end);
        assert.is(offset, end, 'the bytes of a cut PATCH are kept');
      }
      await pipeline.patch(location, offset, bytes.slice(offset), {
        'upload-checksum': sha256(bytes.subarray(offset)),
      });
      assert.ok((await stored(location)).equals(Buffer.from(bytes)));
    },
  );
  await fc.assert(property, { numRuns: 12 });
  server.close();
});

test('at a wrong offset is answered even while the socket is still full of it', async () => {
  const server = serve({ fetch: pipeline.app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/upload/${await created(9_000_000)}`;
  const headers = {
    'tus-resumable': '1.0.0',
    'upload-offset': '5',
    'content-type': 'application/offset+octet-stream',
  };
  const answer = await fetch(url, { method: 'PATCH', headers, body: randomBytes(8_000_000) });
  assert.is(answer.status, 409);
  server.close();
});

test('on a connection that hangs is taken over by the device that comes back', async () => {
  const server = serve({ fetch: pipeline.app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const bytes = randomBytes(2_000_000);
  const location = await created(bytes.length);
  // The old connection neither sends nor ends.
  const hanging = await halfPatch((server.address() as AddressInfo).port, location, {
    offset: 0,
    sent: bytes.subarray(0, 1_200_000),
    announced: bytes.length,
  });
  await untilSize(location, WRITTEN_AT_LEAST);
  const offset = offsetOf(await pipeline.head(location));
  assert.is(offset, 1_200_000);
  assert.is((await pipeline.patch(location, offset, bytes.subarray(offset))).status, 204);
  assert.ok((await stored(location)).equals(bytes));
  hanging.destroy();
  server.close();
});

/** A PATCH whose bytes come when the test says so. */
function slowPatch(location: string, bytes: Uint8Array) {
  const { promise: mayCome, resolve: comes } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await mayCome;
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const headers = {
    'tus-resumable': '1.0.0',
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
    'content-length': String(bytes.length),
  };
  const request = { method: 'PATCH', headers, body, duplex: 'half' } as RequestInit;
  const answer = pipeline.app.request(new Request(`http://localhost/upload/${location}`, request));
  return { comes, answer };
}

test('may end before another one of its upload, which is still being received', async () => {
  const bytes = new Uint8Array(randomBytes(60));
  const slow = slowPatch(await created(60), bytes);
  while (!pipeline.parcels.isReceiving(upload)) await new Promise((next) => setImmediate(next));
  const quick = slowPatch(await created(60), bytes);
  quick.comes();
  assert.is((await quick.answer).status, 204);
  assert.ok(pipeline.parcels.isReceiving(upload));
  slow.comes();
  assert.is((await slow.answer).status, 204);
  assert.not.ok(pipeline.parcels.isReceiving(upload));
});

test('that finds no room is refused before its bytes have come', async () => {
  const alone = { autoCleanupIncoming: false, serverOptions: { keepAliveTimeout: 0 } };
  const server = serve({ fetch: pipeline.app.fetch, port: 0, hostname: '127.0.0.1', ...alone });
  await new Promise((resolve) => server.once('listening', resolve));
  const location = await created(5_000_000);
  Object.assign(pipeline.tools.blobs, { freeBytes: async () => 512 * 1024 ** 2 + 4_999_999 });
  const socket = await halfPatch((server.address() as AddressInfo).port, location, {
    offset: 0,
    sent: randomBytes(1000),
    announced: 5_000_000,
  });
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 507 /);
  // And the connection ends, also where the server would leave it open: the rest would be sent in vain.
  await closed(socket);
  server.close();
});

test('that fills the disk midway keeps the written bytes, and continues there', async () => {
  const bytes = randomBytes(600_000);
  const location = await created(bytes.length);
  const { append } = pipeline.tools.blobs;
  const filling: typeof append = async (id, key, at, pieces) => {
    await append(
      id,
      key,
      at,
      (async function* () {
        for await (const piece of pieces) yield piece.subarray(0, 250_000);
      })(),
    );
    throw new StorageFull();
  };
  Object.assign(pipeline.tools.blobs, { append: filling });
  const refused = await pipeline.patch(location, 0, bytes.subarray(0, 500_000));
  assert.equal([refused.status, await codeOf(refused)], [507, 'storage-full']);
  Object.assign(pipeline.tools.blobs, { append });
  const offset = offsetOf(await pipeline.head(location));
  assert.ok(offset > 0 && offset < 500_000);
  assert.is((await pipeline.patch(location, offset, bytes.subarray(offset))).status, 204);
  assert.ok((await stored(location)).equals(bytes));
});

test('that is created again while its first request still hangs is taken over, and continues where that one really ended', async () => {
  const server = serve({ fetch: pipeline.app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const bytes = randomBytes(2_000_000);
  const parcel = randomUUID();
  const location = await created(bytes.length, parcel);
  const hanging = await halfPatch((server.address() as AddressInfo).port, location, {
    offset: 0,
    sent: bytes.subarray(0, 1_200_000),
    announced: bytes.length,
  });
  await untilSize(location, WRITTEN_AT_LEAST);
  const again = await pipeline.create(upload, parcel, bytes.length);
  assert.equal([again.status, again.headers.get('location'), offsetOf(again)], [201, location, 1_200_000]);
  assert.ok(again.headers.has('upload-expires'));
  assert.is((await pipeline.patch(location, 1_200_000, bytes.subarray(1_200_000))).status, 204);
  hanging.destroy();
  server.close();
});

async function untilSize(location: string, size: number): Promise<void> {
  const id = location.split('/').at(-1)!;
  await until('the bytes', async () => ((await pipeline.tools.blobs.size(id)) ?? 0) >= size);
}
test.run();
