/** The fate of a study when instances are missing, damaged, or taken back. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { runExpiry } from './eviction/run-expiry.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../testing/open-pipeline.ts';
import { DAY_MINUTES, passMinutes } from '../testing/pass-minutes.ts';
import { packed, toManifest } from '../testing/pack-parcel.ts';
import { assembledStudy, newStudy, openedStudy } from '../testing/open-study.ts';
import { startPipeline } from './pipeline.ts';

const test = suite('a study, when');
let shared: TestGround;
test.before(async () => {
  shared = await openTestGround();
});
test.after(() => shared.close());

test('identity remains under a de-identifying policy, nothing of it reaches the PACS', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground: shared });
  const instances = newStudy();
  const { uploadId } = await pipeline.init(toManifest(instances, 'deidentified'));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.is(status.state, 'held');
  assert.ok(status.instances?.every(({ reason }) => reason === 'identity-remains'));
  assert.is(pacs.posted.size, 0);
  await pipeline.close();
});

test('nothing of it may be stored, it does not wait for a PACS that is down', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground: shared });
  const instances = newStudy(1);
  const { uploadId } = await pipeline.init(toManifest(instances, 'deidentified'));
  pacs.lie = 'down';
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const { state, waiting, counts } = await pipeline.status(uploadId);
  assert.equal([state, waiting, counts.quarantined], ['held', null, 1]);
  await pipeline.close();
});

test('more of it is promised while some is with the PACS, that is confirmed without the rest', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground: shared });
  const [first, second] = newStudy(2) as [SyntheticInstance, SyntheticInstance];
  const { uploadId } = await pipeline.init(toManifest([first]));
  await pipeline.send(uploadId, [first]);
  await pipeline.runParcels();
  const { id } = await pipeline.tools.db
    .selectFrom('study')
    .select('id')
    .where('site_id', '=', pipeline.siteId)
    .executeTakeFirstOrThrow();
  await pipeline.run('assembly', id);
  await pipeline.run('forward', id);
  await pipeline.init(toManifest([first, second]));
  await pipeline.run('reconcile', id);
  const { state, instances } = await pipeline.status(uploadId);
  assert.equal([state, instances?.map((one) => one.state)], ['receiving', ['stored', 'promised']]);
  await pipeline.send(uploadId, [second]);
  await pipeline.runAll();
  assert.equal([(await pipeline.status(uploadId)).state, pacs.held.size], ['closed', 2]);
  await pipeline.close();
});

test('a parcel brings more than was promised, the rest is ignored, and the log counts it', async () => {
  const { pipeline, pacs, instances, uploadId } = await openedStudy(shared);
  await pipeline.sendBytes(uploadId, await packed([...instances, ...newStudy(2)]));
  await pipeline.runAll();
  assert.equal([(await pipeline.status(uploadId)).state, pacs.held.size], ['closed', 3]);
  assert.equal(
    pipeline.lines.flatMap((line) => (line.event === 'unpromised-instances' ? [line['count']] : [])),
    [2],
  );
  await pipeline.close();
});

test('a digest does not match, the device is asked again, the good ones stay, and the log tells which parcel was bad', async () => {
  const { pipeline, instances, uploadId } = await openedStudy(shared);
  const parcel = randomUUID();
  const bytes = await packed(instances);
  const at = Buffer.from(bytes).indexOf(Buffer.from(instances[1]!.bytes.subarray(-40)));
  bytes[at + 20]! ^= 1;
  await pipeline.sendBytes(uploadId, bytes, parcel);
  await pipeline.runAll();
  const complete = await pipeline.json<{ missing: { sopInstanceUID: string }[] }>(
    'POST',
    `/upload/${uploadId}/complete`,
  );
  assert.equal(
    complete.missing.map(({ sopInstanceUID }) => sopInstanceUID),
    [instances[1]!.identifiers.sopInstanceUID],
  );
  await pipeline.send(uploadId, instances, parcel);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  const verified = pipeline.lines.filter(
    (line) => line.event === 'stage-finished' && line.stage === 'verify',
  );
  assert.equal(
    verified.map((line) => 'outcome' in line && line.outcome),
    ['damaged', 'verified'],
  );
  await pipeline.close();
});

test('a digest never matches, it ends as a refusal and not as a loop', async () => {
  const { pipeline, instances, uploadId } = await openedStudy(shared, 1);
  for (let i = 0; i < 4; i += 1) {
    const bytes = await packed(instances);
    bytes[bytes.length - 60]! ^= 1;
    await pipeline.sendBytes(uploadId, bytes);
    await pipeline.runAll();
  }
  const status = await pipeline.status(uploadId);
  assert.equal([status.state, status.instances?.[0]?.reason], ['closed', 'digest-mismatch']);
  await pipeline.close();
});

test('it came damaged, then right, and is lost and damaged again: what it came through before does not count', async () => {
  const { pipeline, instances, uploadId } = await openedStudy(shared, 1);
  const damaged = await packed(instances);
  damaged[damaged.length - 60]! ^= 1;
  const sendDamaged = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i += 1) {
      await pipeline.sendBytes(uploadId, damaged);
      await pipeline.runParcels();
    }
  };
  await sendDamaged(3);
  await pipeline.sendBytes(uploadId, await packed(instances));
  await pipeline.runParcels();
  for (const id of await pipeline.tools.blobs.ids()) await pipeline.tools.blobs.remove(id);
  await pipeline.runAll();
  await sendDamaged(3);
  assert.is((await pipeline.status(uploadId)).instances?.[0]?.state, 'promised');
  await pipeline.sendBytes(uploadId, await packed(instances));
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('its parcels are lost from the disk, the device is asked for them again', async () => {
  const { pipeline, pacs, instances, uploadId, parcel } = await assembledStudy(shared);
  for (const id of await pipeline.tools.blobs.ids()) await pipeline.tools.blobs.remove(id);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'receiving');
  assert.is((await pipeline.init(toManifest(instances))).need.length, 3);
  await pipeline.send(uploadId, instances, parcel);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  assert.is(pacs.held.size, 3);
  await pipeline.close();
});

test('the device never comes back, its promises end in the open', async () => {
  let now = new Date('2026-01-01T00:00:00Z');
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, now: () => now });
  const instances = newStudy();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances.slice(0, 2));
  await pipeline.create(uploadId, randomUUID(), 1000);
  await pipeline.runAll();
  now = new Date('2026-03-01T00:00:00Z');
  await passMinutes(pipeline.tools.db, 59 * DAY_MINUTES);
  await runExpiry(pipeline.tools);
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.equal(
    [status.state, status.counts.inPacs, status.instances?.[2]?.reason],
    ['closed', 2, 'never-arrived'],
  );
  assert.equal(await pipeline.tools.blobs.ids(), []);
  const back = await pipeline.init(toManifest(instances));
  assert.equal([back.need.length, back.revision], [1, 2], 'and when it does come back, it is taken');
  await pipeline.close();
});

test('the gateway starts, it gives up what is overdue at once, and looks again later', async () => {
  const pipeline = await openTestPipeline({
    pacs: openTestPacs(),
    start: false,
    pace: { clocksAfterSeconds: 0 },
  });
  const { uploadId } = await pipeline.init(toManifest(newStudy(1)));
  await passMinutes(pipeline.tools.db, 59 * DAY_MINUTES);
  const { uploadId: later } = await pipeline.init(toManifest(newStudy(1)));
  await startPipeline(pipeline.tools, pipeline.jobs, { expirySeconds: 0.2, renewSeconds: 60 });
  await until('the study to close', async () => (await pipeline.status(uploadId)).state === 'closed');
  assert.is((await pipeline.status(uploadId)).instances?.[0]?.reason, 'never-arrived');
  assert.is((await pipeline.status(later)).state, 'receiving');
  await passMinutes(pipeline.tools.db, 92 * DAY_MINUTES);
  await until('the next look', async () => (await pipeline.status(later)).state === 'closed');
  await pipeline.close();
});

test('it is taken back before a byte has left, nothing of it remains; afterwards it cannot be', async () => {
  const { pipeline, instances, uploadId } = await openedStudy(shared);
  assert.is((await pipeline.request('DELETE', `/upload/${uploadId}`)).status, 204);
  assert.is((await pipeline.request('GET', `/upload/${uploadId}/status`)).status, 404);
  assert.is(
    (
      await pipeline.tools.db
        .selectFrom('instance')
        .select('id')
        .where('site_id', '=', pipeline.siteId)
        .execute()
    ).length,
    0,
  );
  const again = await pipeline.init(toManifest(instances));
  await pipeline.send(again.uploadId, instances.slice(0, 1));
  const refusal = await pipeline.request('DELETE', `/upload/${again.uploadId}`);
  assert.equal(
    [refusal.status, ((await refusal.json()) as { code: string }).code],
    [409, 'upload-in-progress'],
  );
  await pipeline.close();
});

test.run();
