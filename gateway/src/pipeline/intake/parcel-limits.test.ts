/** Limits of parcels: what an upload may announce in all, and how many requests one parcel serves. */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../../testing/open-pipeline.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { runExpiry } from '../eviction/run-expiry.ts';
import { OPEN_PARCELS_OF_ACCOUNT } from './parcel-room.ts';

const { instances } = syntheticStudy({ seed: 15, instancesPerSeries: 2, rows: 8, columns: 8 });
const offsetOf = (response: Response) => Number(response.headers.get('upload-offset'));

const test = suite('a parcel');
let pipeline: TestPipeline;
let upload: string;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
});
test.after(() => pipeline.close());
test.before.each(async () => {
  await pipeline.tools.db.deleteFrom('parcel').execute();
  upload = (await pipeline.init(toManifest(instances, 'identified', { bytes: 10_000_000 }))).uploadId;
});

async function created(bytes: number): Promise<string> {
  const response = await pipeline.create(upload, randomUUID(), bytes);
  assert.is(response.status, 201);
  return response.headers.get('location')!;
}

/** A PATCH over a socket of its own that says it brings `announced` bytes and brings `sent`. */
async function halfPatch(port: number, location: string, sent: Uint8Array, announced: number) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const head = [
    `PATCH /upload/${location} HTTP/1.1`,
    'Host: x',
    'Tus-Resumable: 1.0.0',
    'Upload-Offset: 0',
    'Content-Type: application/offset+octet-stream',
    `Content-Length: ${announced}`,
    '',
    '',
  ];
  socket.write(head.join('\r\n'));
  await new Promise<void>((resolve) => void socket.write(sent, () => resolve()));
  return socket;
}

test('counts with the other unfinished ones: together they announce no more than the upload needs', async () => {
  const [one] = syntheticStudy({ seed: 16, instancesPerSeries: 1, rows: 8, columns: 8 }).instances;
  const bytes = 16 * 1024 ** 3;
  const { freeBytes } = pipeline.tools.blobs;
  Object.assign(pipeline.tools.blobs, { freeBytes: async () => 1e15 });
  const { uploadId } = await pipeline.init(toManifest([one!], 'identified', { bytes }));
  const answers = [];
  for (let i = 0; i < 8; i += 1) answers.push(await pipeline.create(uploadId, randomUUID(), bytes));
  assert.equal(
    answers.map(({ status }) => status),
    [201, 507, 507, 507, 507, 507, 507, 507],
  );
  assert.is((await pipeline.create(uploadId, randomUUID(), 1_000_000)).status, 201, 'a small one still');
  Object.assign(pipeline.tools.blobs, { freeBytes });
});

test('of an account that was disabled takes no room, and goes with its promise', async () => {
  const { db, blobs } = pipeline.tools;
  const [one] = syntheticStudy({ seed: 17, instancesPerSeries: 1, rows: 8, columns: 8 }).instances;
  const { freeBytes } = blobs;
  const disable = (disabled_at: Date | null) =>
    db.updateTable('account').set({ disabled_at }).where('id', '=', pipeline.accountId).execute();
  const { uploadId } = await pipeline.init(toManifest([one!], 'identified', { bytes: 10_000 }));
  Object.assign(blobs, { freeBytes: async () => 512 * 1024 ** 2 + 12_000 });
  assert.is((await pipeline.create(uploadId, randomUUID(), 10_000)).status, 201);
  assert.is((await pipeline.create(upload, randomUUID(), 10_000)).status, 507);
  await disable(new Date());
  try {
    // The caller of this test is not asked whether it is disabled; a real one is.
    assert.is((await pipeline.create(upload, randomUUID(), 10_000)).status, 201);
    await runExpiry(pipeline.tools);
    const left = await db.selectFrom('parcel').select('id').where('upload_id', '=', uploadId).execute();
    assert.equal(left, []);
    const status = await pipeline.status(uploadId);
    assert.is(status.instances?.[0]?.reason, 'never-arrived');
  } finally {
    await disable(null);
    Object.assign(blobs, { freeBytes });
  }
});

test('is announced without a look at those announced before, and an account has so many at most', async () => {
  const { db, blobs } = pipeline.tools;
  const others = 20;
  await sql`
    with studies as (
      insert into study (site_id, study_instance_uid, state, revision, policy_name, policy_version, updated_at)
      select ${pipeline.siteId}::uuid, '1.2.' || nr, 'receiving', 1, 'identified', 1, now() from generate_series(1, ${others}::int) nr
      returning id),
    uploads as (
      insert into upload (id, site_id, study_id, account_id)
      select gen_random_uuid(), ${pipeline.siteId}::uuid, id, ${pipeline.accountId}::uuid from studies returning id, study_id),
    numbered as (select *, row_number() over () as nr from uploads)
    insert into parcel (id, site_id, upload_id, study_id, device_parcel_id, bytes, state, expires_at)
    select replace(gen_random_uuid()::text, '-', ''), ${pipeline.siteId}::uuid, u.id, u.study_id, gen_random_uuid()::text, 1, 'receiving', now() + interval '1 hour'
    from generate_series(1, ${OPEN_PARCELS_OF_ACCOUNT - 1}::int) own join numbered u on u.nr = own % ${others}::int + 1`.execute(
    db,
  );
  const { size } = blobs;
  let looks = 0;
  Object.assign(blobs, {
    size: (id: string) => {
      looks += 1;
      return size.call(blobs, id);
    },
  });
  try {
    assert.is((await pipeline.create(upload, randomUUID(), 1_000)).status, 201);
    assert.ok(looks < 10, `${looks} looks at the disk`);
    assert.is((await pipeline.create(upload, randomUUID(), 1_000)).status, 507);
    await sql`delete from parcel where id = (select min(id) from parcel where upload_id <> ${upload}::uuid)`.execute(
      db,
    );
    assert.is((await pipeline.create(upload, randomUUID(), 1_000)).status, 201);
  } finally {
    Object.assign(blobs, { size });
  }
});

test('that many requests want at once is refused to some by name, and the end is what was sent', async () => {
  const server = serve({ fetch: pipeline.app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const bytes = randomBytes(300_000);
  const location = await created(bytes.length);
  const sockets = await Promise.all(
    Array.from({ length: 6 }, () => halfPatch(port, location, bytes.subarray(0, 1_000), bytes.length)),
  );
  const answers = sockets.map(async (socket) => {
    let text = '';
    for await (const piece of socket) text += String(piece);
    return text;
  });
  const statuses: number[] = [];
  for (const socket of sockets) socket.end();
  while (statuses.at(-1) !== 204) {
    const head = await pipeline.head(location);
    statuses.push(head.status);
    if (head.status !== 200) continue;
    const offset = offsetOf(head);
    statuses.push((await pipeline.patch(location, offset, bytes.subarray(offset))).status);
  }
  assert.equal(
    statuses.filter((status) => ![200, 204, 409, 423].includes(status)),
    [],
  );
  for (const answer of await Promise.allSettled(answers)) {
    if (answer.status === 'rejected' || answer.value === '') continue;
    assert.not.match(answer.value, /^HTTP\/1\.1 500/);
    assert.not.match(answer.value, 'failed to acquire lock');
  }
  const lines = (wanted: string) => pipeline.lines.filter(({ event }) => event === wanted).length;
  // A request whose socket has gone lets go after the last one has been answered.
  await until('each piece is logged to its end', () => lines('stage-finished') === lines('stage-started'));
  assert.ok(lines('stage-started') > 0);
  await new Promise((resolve) => server.close(resolve));
});

test.run();
