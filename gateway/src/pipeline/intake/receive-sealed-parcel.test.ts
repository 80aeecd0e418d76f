/**
 * Sealed parcels over tus, from creation to the PACS: the promises for a device that cannot open its own
 * queue.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sealedSize, SEAL_TAG_BYTES, SEALED_RECORD_BYTES } from '#shared/transfer/seal.ts';
import type { CompleteAnswer } from '#shared/protocol/api.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import type { LetGo } from '../../database/shared-locks.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { runExpiry } from '../eviction/run-expiry.ts';
import {
  createTestSealing,
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
  type TestSealing,
} from '../../testing/open-pipeline.ts';
import { packed, sealedBytes, toManifest } from '../../testing/pack-parcel.ts';

const RECORD = SEALED_RECORD_BYTES + SEAL_TAG_BYTES;
const HOUR = 3_600_000;
const offsetOf = (response: Response) => Number(response.headers.get('upload-offset'));
const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code;
const idOf = (location: string) => location.split('/').at(-1)!;

let seeds = 7000;
/** Three instances of 1.1 MB. */
function study(): readonly SyntheticInstance[] {
  seeds += 1;
  return syntheticStudy({ seed: seeds, instancesPerSeries: 3, rows: 740, columns: 740 }).instances;
}

/** A body that ends where the connection was cut. */
function cut(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const pieces = [bytes.slice()];
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece) controller.enqueue(piece);
      else controller.error(new Error('cut'));
    },
  });
}

const test = suite('a sealed parcel');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

async function open(options: { sealing?: TestSealing; now?: () => Date; expiresAfterMs?: number } = {}) {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground, ...options });
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  const parcel = randomUUID();
  const { bytes, seal } = await sealedBytes(await packed(instances), pipeline.sealingKey, parcel);
  const create = async () => pipeline.create(uploadId, parcel, bytes.length, { seal });
  return { pacs, pipeline, instances, uploadId, parcel, bytes, seal, create };
}

async function patchCut(
  pipeline: TestPipeline,
  location: string,
  { offset, bytes, announced }: { offset: number; bytes: Uint8Array; announced: number },
): Promise<void> {
  const headers = {
    'tus-resumable': '1.0.0',
    'upload-offset': String(offset),
    'content-type': 'application/offset+octet-stream',
    'content-length': String(announced),
  };
  const request = new Request(`http://localhost/upload/${location}`, {
    method: 'PATCH',
    headers,
    body: cut(bytes),
    duplex: 'half',
  } as RequestInit);
  await pipeline.app.request(request);
}

test('reaches the PACS bit for bit, however often its link was cut', async () => {
  const { pacs, pipeline, instances, uploadId, bytes, create } = await open();
  const location = (await create()).headers.get('location')!;
  let offset = 0;
  for (const size of [10, RECORD, 900_000, 5]) {
    await patchCut(pipeline, location, {
      offset,
      bytes: bytes.subarray(offset, offset + size),
      announced: bytes.length - offset,
    });
    const told = offsetOf(await pipeline.head(location));
    assert.is(told, offset + size, 'every byte of a cut PATCH is kept');
    offset = told;
  }
  assert.is(offsetOf(await pipeline.patch(location, offset, bytes.subarray(offset))), bytes.length);
  await pipeline.runAll();
  assert.equal([(await pipeline.status(uploadId)).state, await pipeline.tools.blobs.ids()], ['closed', []]);
  for (const { identifiers, bytes: promised } of instances)
    assert.ok(Buffer.from(pacs.held.get(identifiers.sopInstanceUID)!.bytes).equals(promised));
  await pipeline.close();
});

test('with an invalid record is answered so, and continues from the start of that record', async () => {
  const { pipeline, uploadId, bytes, create } = await open();
  const location = (await create()).headers.get('location')!;
  const spoiled = bytes.slice();
  spoiled[RECORD + 70_000]! ^= 1;
  const refused = await pipeline.patch(location, 0, spoiled);
  assert.equal([refused.status, await codeOf(refused)], [460, 'checksum-mismatch']);
  assert.is(offsetOf(await pipeline.head(location)), RECORD);
  assert.is((await pipeline.patch(location, RECORD, bytes.subarray(RECORD))).status, 204);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('comes with its creation; if the answer was lost, a repeated creation tells the offset', async () => {
  const { pipeline, uploadId, parcel, bytes, seal, create } = await open();
  const half = await pipeline.create(uploadId, parcel, bytes.length, {
    seal,
    body: bytes.slice(0, RECORD + 1234),
  });
  assert.equal([half.status, offsetOf(half)], [201, RECORD + 1234]);
  const again = await create();
  assert.equal(
    [again.status, offsetOf(again), again.headers.get('location')],
    [201, RECORD + 1234, half.headers.get('location')],
  );
  await pipeline.patch(again.headers.get('location')!, RECORD + 1234, bytes.subarray(RECORD + 1234));
  assert.is(offsetOf(await create()), bytes.length);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  const whole = await open();
  assert.is(
    offsetOf(
      await whole.pipeline.create(whole.uploadId, whole.parcel, whole.bytes.length, {
        seal: whole.seal,
        body: whole.bytes,
      }),
    ),
    whole.bytes.length,
  );
  await whole.pipeline.runAll();
  assert.is((await whole.pipeline.status(whole.uploadId)).state, 'closed');
  await pipeline.close();
  await whole.pipeline.close();
});

test('that is sealed to a retired key is opened; to a key that is gone, the device is told that nobody can', async () => {
  const old = createTestSealing('old');
  const present = createTestSealing('present');
  const both = { sealing: new Map([...present.sealing, ...old.sealing]), sealingKey: present.sealingKey };
  const { pipeline, uploadId, instances, parcel } = await open({ sealing: both });
  const { bytes, seal } = await sealedBytes(await packed(instances), old.sealingKey, parcel);
  await pipeline.create(uploadId, parcel, bytes.length, { seal, body: bytes });
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();

  const later = await open({ sealing: present });
  const lost = await sealedBytes(await packed(later.instances), old.sealingKey, parcel);
  const refused = await later.pipeline.create(later.uploadId, parcel, lost.bytes.length, { seal: lost.seal });
  assert.equal([refused.status, await codeOf(refused)], [409, 'seal-key-unknown']);
  assert.is(
    (await later.pipeline.init(toManifest(later.instances))).need.length,
    3,
    'the same files are asked for again',
  );
  await later.pipeline.close();
});

test('that could not be opened is refused before its first byte travels', async () => {
  const { pipeline, uploadId, parcel, bytes, seal, create } = await open();
  const announce = async (length: number, of = seal, name = randomUUID() as string) => {
    const answer = await pipeline.create(uploadId, name, length, of ? { seal: of } : {});
    return [answer.status, await codeOf(answer)];
  };
  assert.equal(
    await announce(RECORD + 5),
    [422, 'invalid-request'],
    'no parcel is so long when it is sealed',
  );
  assert.equal(await announce(SEAL_TAG_BYTES), [422, 'invalid-request'], 'an empty one');
  for (const enc of [
    '',
    'AAAA',
    Buffer.alloc(32).toString('base64'),
    Buffer.alloc(33, 1).toString('base64'),
  ]) {
    assert.equal(await announce(bytes.length, { ...seal, enc }), [422, 'invalid-request'], enc);
  }
  assert.equal(
    await announce(sealedSize(30_000_000)),
    [413, 'body-too-large'],
    'more than was promised, opened',
  );
  await create();
  const other = await sealedBytes(randomBytes(10), pipeline.sealingKey, parcel);
  assert.equal(
    await announce(bytes.length, other.seal, parcel),
    [422, 'invalid-request'],
    'the same name with another seal',
  );
  const inTheClear = await pipeline.create(uploadId, parcel, bytes.length);
  assert.is(inTheClear.status, 422);
  await pipeline.close();
});

test('may be as large as the promised instances with their headers, counted as opened', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
  const { uploadId } = await pipeline.init(
    toManifest(study().slice(0, 1), 'identified', { bytes: 40_000_000 }),
  );
  const limit = 40_000_000 + 1024 + 65_536;
  const { seal } = await sealedBytes(randomBytes(10), pipeline.sealingKey, 'x');
  assert.is((await pipeline.create(uploadId, randomUUID(), sealedSize(limit + 1), { seal })).status, 413);
  assert.is((await pipeline.create(uploadId, randomUUID(), sealedSize(limit), { seal })).status, 201);
  await pipeline.close();
});

test('that is given up, or expires, loses its tail too, and its instances are requested again', async () => {
  let now = new Date();
  const { pipeline, uploadId, instances, parcel, bytes, seal, create } = await open({
    now: () => now,
    expiresAfterMs: 12 * HOUR,
  });
  const location = (await create()).headers.get('location')!;
  await pipeline.patch(location, 0, bytes.slice(0, RECORD + 50));
  assert.is((await pipeline.tools.blobs.ids()).length, 2);
  await pipeline.request('DELETE', `/upload/${location}`, null, { 'tus-resumable': '1.0.0' });
  assert.equal(await pipeline.tools.blobs.ids(), []);

  const created = await create();
  assert.is(
    Date.parse(created.headers.get('upload-expires')!),
    Math.floor((now.getTime() + 12 * HOUR) / 1000) * 1000,
    'after the time that is set',
  );
  await pipeline.patch(created.headers.get('location')!, 0, bytes.slice(0, 50));
  assert.is(
    (await pipeline.request('DELETE', `/upload/${uploadId}`)).status,
    409,
    'its first bytes have left, although they lie in the tail alone',
  );
  now = new Date(now.getTime() + 12 * HOUR);
  assert.equal(
    [await pipeline.head(created.headers.get('location')!), await create()].map(offsetOf),
    [50, 50],
    'held until the very moment',
  );
  now = new Date(now.getTime() + 1000);
  const again = await pipeline.create(uploadId, parcel, bytes.length, { seal });
  assert.not.equal(
    again.headers.get('location'),
    created.headers.get('location'),
    'not swept yet, and no longer told',
  );
  await pipeline.patch(again.headers.get('location')!, 0, bytes.slice(0, RECORD + 50));
  now = new Date(now.getTime() + 12 * HOUR + 1000);
  await runExpiry(pipeline.tools);
  assert.equal(await pipeline.tools.blobs.ids(), []);
  assert.is((await pipeline.init(toManifest(instances))).need.length, 3);
  await pipeline.sendSealed(uploadId, await packed(instances));
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('that was complete when its gateway died soon leaves no tail', async () => {
  const { pipeline, bytes, create } = await open();
  const location = (await create()).headers.get('location')!;
  await pipeline.patch(location, 0, bytes);
  await pipeline.tools.db
    .updateTable('parcel')
    .set({ state: 'verified' })
    .where('id', '=', idOf(location))
    .execute();
  for (const name of ['tail', 'restored-0a1b2c3d'])
    await pipeline.tools.blobs.create(`${idOf(location)}-${name}`);
  await runExpiry(pipeline.tools);
  assert.equal(await pipeline.tools.blobs.ids(), [], 'nor anything else that no instance needs');
  await pipeline.close();
});

/** A PATCH of these pieces, which come when the test says so. */
function slowPatch(pipeline: TestPipeline, location: string, pieces: readonly Uint8Array[]) {
  const { promise: mayCome, resolve: comes } = Promise.withResolvers<void>();
  const left = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await mayCome;
      controller.enqueue(left.shift()!);
      if (left.length === 0) controller.close();
    },
  });
  const headers = {
    'tus-resumable': '1.0.0',
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
    'content-length': String(Buffer.concat(pieces).length),
  };
  const request = { method: 'PATCH', headers, body, duplex: 'half' } as RequestInit;
  const answer = pipeline.app.request(new Request(`http://localhost/upload/${location}`, request));
  return { comes, answer };
}

test('with its last piece still arriving makes complete wait', async () => {
  const { pipeline, uploadId, bytes, create } = await open();
  const location = (await create()).headers.get('location')!;
  const { comes, answer } = slowPatch(pipeline, location, [bytes]);
  let answered = false;
  const completing = pipeline
    .json<CompleteAnswer>('POST', `/upload/${uploadId}/complete`)
    .finally(() => (answered = true));
  while (!pipeline.parcels.isReceiving(uploadId)) await new Promise((next) => setImmediate(next));
  assert.not.ok(answered);
  comes();
  await answer;
  await pipeline.runAll();
  assert.equal((await completing).missing, []);
  await pipeline.close();
});

test('that another gateway wants takes the bytes still on their way first', async () => {
  const { pipeline, bytes, create } = await open();
  const locks = pipeline.tools.locks!;
  const { take } = locks;
  let letGo: LetGo | undefined;
  const heard: typeof take = async (name, told, signal) => {
    const free = await take(name, told, signal);
    letGo = told;
    return free;
  };
  const location = (await create()).headers.get('location')!;
  Object.assign(locks, { take: heard });
  const { comes, answer } = slowPatch(pipeline, location, [bytes.slice(0, 99), bytes.slice(99, 999)]);
  while (letGo === undefined) await new Promise((next) => setImmediate(next));
  Object.assign(locks, { take });
  letGo('wanted');
  comes();
  await answer;
  assert.is(offsetOf(await pipeline.head(location)), 999);
  await pipeline.close();
});

test.run();
