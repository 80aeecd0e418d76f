/**
 * An administrator takes back any upload: what was announced goes, what is here stays, and so does the proof of
 * who brought it.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { reachedInstances } from '../findings/result-reach.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('an administrator takes back');
let pipeline: TestPipeline;
const pacs = openTestPacs();
test.before(async () => {
  pipeline = await openTestPipeline({ pacs, start: false });
});
test.after(() => pipeline.close());
test.before.each(() => pipeline.actAs(pipeline.accountId, ['technician']));

const soft = (seed: number) => syntheticStudy({ seed, instancesPerSeries: 2, rows: 8, columns: 8 }).instances;
const admin = randomUUID();
const statusOf = async (method: string, path: string) => (await pipeline.request(method, path)).status;

test('an upload of which bytes have come, which its owner can take back no longer', async () => {
  const { uploadId } = await pipeline.init(toManifest(soft(9601)));
  const created = await pipeline.create(uploadId, randomUUID(), 1_000);
  await pipeline.patch(created.headers.get('location')!, 0, randomBytes(500));
  assert.is(await statusOf('DELETE', `/upload/${uploadId}`), 409);
  pipeline.actAs(admin, ['admin']);
  assert.is(await statusOf('DELETE', `/upload/${uploadId}`), 204);
  assert.equal(await pipeline.tools.blobs.ids(), []);
  const { db } = pipeline.tools;
  const left = await db.selectFrom('upload').select('id').where('id', '=', uploadId).execute();
  assert.equal(left, []);
});

test('the rest of an upload of which instances are here: they stay', async () => {
  const [one, two] = soft(9602);
  const { uploadId } = await pipeline.init(toManifest([one!, two!]));
  await pipeline.send(uploadId, [one!]);
  await pipeline.runAll();
  pipeline.actAs(admin, ['admin']);
  assert.is(await statusOf('DELETE', `/upload/${uploadId}`), 204);
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.equal(
    [status.state, status.instances?.map(({ sopInstanceUID }) => sopInstanceUID)],
    ['closed', [one!.identifiers.sopInstanceUID]],
  );
});

test('a delivered upload: it stays, as proof that its account had the bytes', async () => {
  const instances = soft(9604);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const caller = { id: pipeline.accountId, siteId: pipeline.siteId, roles: ['technician' as const] };
  const { studyInstanceUID } = instances[0]!.identifiers;
  const isWhole = async () => {
    const { have, need } = await pipeline.init(toManifest(instances));
    const { state } = await pipeline.status(uploadId);
    const receipt = await statusOf('GET', `/upload/${uploadId}/receipt`);
    const { size } = await reachedInstances(pipeline.tools.db, caller, studyInstanceUID);
    return [have.length, need.length, state, receipt, size];
  };
  const before = [2, 0, 'closed', 200, 2];
  assert.equal(await isWhole(), before);
  assert.is(await statusOf('DELETE', `/upload/${uploadId}`), 409, 'its owner');
  assert.equal(await isWhole(), before);
  pipeline.actAs(admin, ['admin']);
  assert.is(await statusOf('DELETE', `/upload/${uploadId}`), 204);
  pipeline.actAs(pipeline.accountId, ['technician']);
  assert.equal(await isWhole(), before);
});

test('an instance that the PACS has lost since, and its account promised again: that it was brought stays known', async () => {
  const instances = soft(9605);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  pacs.held.clear();
  assert.is((await pipeline.init(toManifest(instances))).need.length, 2);
  pipeline.actAs(admin, ['admin']);
  assert.is(await statusOf('DELETE', `/upload/${uploadId}`), 204);
  pipeline.actAs(pipeline.accountId, ['technician']);
  await pipeline.runAll();
  const { state, instances: named } = await pipeline.status(uploadId);
  assert.equal(
    [state, named?.map(({ state, reason }) => `${state} ${reason}`)],
    ['closed', ['refused never-arrived', 'refused never-arrived']],
  );
  assert.is((await pipeline.init(toManifest(instances))).need.length, 2);
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 2);
});

test('and nobody else does so with another’s', async () => {
  const { uploadId } = await pipeline.init(toManifest(soft(9603)));
  for (const role of ['technician', 'radiologist', 'researcher'] as const) {
    pipeline.actAs(randomUUID(), [role]);
    assert.is(await statusOf('DELETE', `/upload/${uploadId}`), 404, role);
  }
});

test.run();
