/** The fate of a study when the PACS, or the link to it, does not do what it says. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { assembledStudy, newStudy, receiptOf, studyIdOf } from '../../testing/open-study.ts';

const test = suite('a study, when');
let shared: TestGround;
test.before(async () => {
  shared = await openTestGround();
});
test.after(() => shared.close());

test('if the link to the PACS fails, the study waits visibly and resumes automatically', async () => {
  const pacs = openTestPacs();
  pacs.lie = 'down';
  const pipeline = await openTestPipeline({ pacs });
  const instances = newStudy();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  const waiting = await pipeline.until(uploadId, (status) => status.waiting !== null);
  assert.is(waiting.waiting?.because, 'pacs-unreachable');
  assert.is(waiting.counts.atGateway, 3);
  pacs.lie = 'honest';
  const done = await pipeline.until(uploadId, ({ state }) => state === 'closed');
  assert.is(done.waiting, null);
  await pipeline.close();
});

test('the answer is lost, nothing is posted twice', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared);
  pacs.lie = 'cut';
  assert.is(await pipeline.run('forward', studyId), 'assembled');
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('it is large, every answer of the PACS is kept', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared, 700);
  assert.is(await pipeline.run('forward', studyId), 'forwarded');
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 700);
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('the PACS stores half and says nothing, the other half is offered again and no more', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared);
  pacs.lie = 'half';
  await pipeline.run('forward', studyId);
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 3);
  assert.ok([...pacs.posted.values()].every((count) => count <= 2));
  await pipeline.close();
});

test('the PACS says stored and keeps nothing, it is asked for a while, then a person must decide', async () => {
  const { pipeline, pacs, uploadId } = await assembledStudy(shared);
  pacs.lie = 'forgetful';
  await pipeline.runAll();
  const held = await pipeline.status(uploadId);
  assert.is(held.state, 'held');
  assert.equal(
    [...new Set(held.instances?.map(({ state, reason }) => `${state} ${reason}`))],
    ['quarantined pacs-lost'],
  );
  assert.is((await pipeline.tools.blobs.ids()).length, 1, 'the gateway keeps what the PACS lost');
  pacs.lie = 'honest';
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
    decision: 'retry',
    instances: held.instances?.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest })),
  });
  await pipeline.runAll();
  const done = await pipeline.status(uploadId);
  assert.equal([done.state, done.revision, done.counts.inPacs], ['closed', 2, 3]);
  await pipeline.close();
});

test('the PACS refuses, each instance says so, and the study closes', async () => {
  const { pipeline, pacs, uploadId } = await assembledStudy(shared);
  pacs.lie = 'refusing';
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.equal([status.state, status.counts.refused], ['closed', 3]);
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    receipt.instances.map(({ reason, pacsCode }) => [reason, pacsCode]),
    Array(3).fill(['pacs-refused', 0x0110]),
  );
  await pipeline.close();
});

test('the PACS has no room, it waits', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared);
  pacs.lie = 'busy';
  await pipeline.run('forward', studyId);
  assert.is((await pipeline.status(uploadId)).waiting?.because, 'pacs-unreachable');
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('the PACS was full for long, one silence afterwards is not taken for a refusal', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared);
  pacs.lie = 'busy';
  for (let round = 0; round < 6; round += 1) await pipeline.run('forward', studyId);
  const others = newStudy();
  const other = await pipeline.init(toManifest(others));
  await pipeline.send(other.uploadId, others);
  await pipeline.runAll();
  pacs.lie = 'honest';
  await pipeline.run('forward', await studyIdOf(pipeline, other.uploadId));
  assert.is((await pipeline.status(other.uploadId)).counts.refused, 0);
  pacs.lie = 'failing';
  await pipeline.run('forward', studyId);
  pacs.lie = 'honest';
  await pipeline.runAll();
  const { state, counts } = await pipeline.status(uploadId);
  assert.equal([state, counts.inPacs, counts.refused], ['closed', 3, 0]);
  await pipeline.close();
});

test('the PACS lost it after the receipt, the next one to send it is asked for it', async () => {
  const { pipeline, pacs, uploadId, instances } = await assembledStudy(shared);
  await pipeline.runAll();
  pacs.held.delete(instances[0]!.identifiers.sopInstanceUID);
  const again = await pipeline.init(toManifest(instances));
  assert.equal([again.need.length, again.have.length, again.revision], [1, 2, 2]);
  await pipeline.send(uploadId, [instances[0]!]);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  assert.is(pacs.held.size, 3);
  await pipeline.close();
});

test.run();
