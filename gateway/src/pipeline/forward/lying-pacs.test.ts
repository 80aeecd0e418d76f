/** The fate of a study when the PACS, or the link to it, does not do what it says. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pacs } from '../../ports/pacs/pacs.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { assembledStudy, newStudy, receiptOf, studyIdOf } from '../../testing/open-study.ts';
import { passMinutes } from '../../testing/pass-minutes.ts';
import { PAUSES } from '../plan/pipeline-tools.ts';
import { setWaiting } from '../stores/study.store.ts';

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
  const heard: string[] = [];
  pipeline.tools.changes.subscribe((changed) => void heard.push(changed));
  assert.is(await pipeline.run('forward', studyId), 'forwarded');
  assert.equal(heard, [studyId], 'announced once, not with each answer');
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 700);
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('the PACS shows what it took only after a while, it is found before anything is posted again', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared);
  await pipeline.run('forward', studyId);
  // Reconcile asks twice.
  pacs.slowToShow = 3;
  assert.is(await pipeline.run('reconcile', studyId), 'assembled');
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 3);
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('the PACS lost one that it took, the audit and the metrics count as stored only what was found', async () => {
  const { pipeline, pacs, instances, studyId } = await assembledStudy(shared);
  const counted: unknown[] = [];
  Object.assign(pipeline.tools.metrics, {
    instances: (state: string, count: number) => void counted.push([state, count]),
  });
  await pipeline.run('forward', studyId);
  pacs.held.delete(instances[1]!.identifiers.sopInstanceUID);
  await pipeline.run('reconcile', studyId);
  assert.equal(counted, [['stored', 2]]);
  const { fields } = await pipeline.tools.db
    .selectFrom('audit')
    .select('fields')
    .where('site_id', '=', pipeline.siteId)
    .where('event', '=', 'study-reconciled')
    .executeTakeFirstOrThrow();
  const { stored, coerced, again, lost } = fields as Record<string, unknown>;
  assert.equal([stored, coerced, again, lost], [2, 0, 1, 0]);
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
  const posts = () => [...new Set(pacs.posted.values())];
  assert.equal(posts(), [3]);
  const retry = () =>
    pipeline.json('POST', `/upload/${uploadId}/decisions`, {
      decision: 'retry',
      instances: held.instances?.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest })),
    });
  await retry();
  await pipeline.runAll();
  assert.equal([(await pipeline.status(uploadId)).state, posts()], ['held', [6]], 'tried as often again');
  pacs.lie = 'honest';
  await retry();
  await pipeline.runAll();
  const done = await pipeline.status(uploadId);
  assert.equal([done.state, done.revision, done.counts.inPacs], ['closed', 3, 3]);
  await pipeline.close();
});

test('the PACS refuses, each instance says so, and the study closes', async () => {
  const { pipeline, pacs, uploadId } = await assembledStudy(shared);
  pacs.lie = 'refusing';
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.equal([status.state, status.counts.refused], ['closed', 3]);
  assert.ok(status.instances?.every(({ pacsCode }) => pacsCode === 0x0110));
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    receipt.instances.map(({ reason, pacsCode }) => [reason, pacsCode]),
    Array(3).fill(['pacs-refused', 0x0110]),
  );
  await pipeline.close();
});

test('the answer is lost, the PACS shows it late, and refuses what it has: it is not believed before the lag', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared);
  Object.assign(pipeline.tools, { patience: { lagMinutes: 10, pauses: [0] } });
  pacs.lie = 'cut';
  assert.is(await pipeline.run('forward', studyId), 'assembled');
  pacs.lie = 'refusing';
  // The search for orphans, the one after the refusal, and reconcile's.
  pacs.slowToShow = 6;
  assert.is(await pipeline.run('forward', studyId), 'forwarded');
  assert.is(await pipeline.run('reconcile', studyId), 'forwarded');
  pacs.slowToShow = 0;
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 3);
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    receipt.instances.map(({ state, pacsCode }) => [state, pacsCode]),
    Array(3).fill(['stored', undefined]),
  );
  await pipeline.close();
});

test('the PACS refuses, but takes them its other way, they count as taken', async () => {
  const { pipeline, pacs, instances, uploadId, studyId } = await assembledStudy(shared);
  const study = instances[0]!.identifiers.studyInstanceUID;
  pacs.lie = 'refusing';
  const storeAnotherWay: Pacs['storeAnotherWay'] = async ({ sopInstanceUID, open }, signal) => {
    const outcome = pacs.held.size === 0 ? 'stored' : 'coerced';
    pacs.held.set(sopInstanceUID, { study, bytes: Buffer.concat(await Array.fromAsync(open(signal))) });
    return { sopInstanceUID, outcome, pacsCode: null };
  };
  Object.assign(pacs, { storeAnotherWay });
  assert.is(await pipeline.run('forward', studyId), 'forwarded');
  await pipeline.runAll();
  const { state, counts } = await pipeline.status(uploadId);
  assert.equal([state, counts.inPacs, counts.refused], ['closed', 3, 0]);
  await pipeline.close();
});

const WAITS = [
  ['busy', 'pacs-fails-on-some', ['pacs-fails-on-some', 'forwarded']],
  ['down', 'pacs-unreachable', ['pacs-unreachable', 'waiting', 'pacs-back', 'forwarded']],
] as const;
for (const [lie, because, expected] of WAITS)
  test(`the PACS is ${lie}, it waits visibly, and the log tells when that began and ended`, async () => {
    const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared);
    pacs.lie = lie;
    await pipeline.run('forward', studyId);
    assert.is((await pipeline.status(uploadId)).waiting?.because, because);
    pacs.lie = 'honest';
    await pipeline.runAll();
    const { state, waiting } = await pipeline.status(uploadId);
    assert.equal([state, waiting], ['closed', null]);
    const told = pipeline.lines.flatMap((line) =>
      line.event === 'stage-finished' && line.stage === 'forward' ? [line.outcome] : [line.event],
    );
    assert.equal(
      told.filter((word) => /^(pacs-|waiting|forwarded)/.test(word ?? '')),
      [...expected],
    );
    await pipeline.close();
  });

test('the PACS does not answer, it asks again after a second, then less and less often, and at least every 30 seconds', async () => {
  const { pipeline, pacs, studyId } = await assembledStudy(shared);
  let now = new Date('2026-01-01T12:00:00Z');
  Object.assign(pipeline.tools, { now: () => now });
  // How long it waited for something else does not count.
  await setWaiting(pipeline.tools.db, studyId, 'gateway-failed', new Date('2026-01-01T11:00:00Z'));
  pacs.lie = 'down';
  for (const at of ['12:00:00', '12:00:20', '13:00:00']) {
    now = new Date(`2026-01-01T${at}Z`);
    await pipeline.run('forward', studyId);
  }
  assert.equal(
    pipeline.lines.flatMap((line) => (line.event === 'pacs-unreachable' ? [line['seconds']] : [])),
    [1, 10, 30],
  );
  await pipeline.close();
});

test('the PACS was full for long, one silence afterwards is not taken for a refusal', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared);
  Object.assign(pipeline.tools, { patience: { lagMinutes: 0, pauses: PAUSES } });
  const anHour = () => passMinutes(pipeline.tools.db, 60);
  pacs.lie = 'busy';
  for (let round = 0; round < 6; round += 1) {
    await pipeline.run('forward', studyId);
    await anHour();
  }
  const others = newStudy();
  const other = await pipeline.init(toManifest(others));
  await pipeline.send(other.uploadId, others);
  await pipeline.runAll();
  pacs.lie = 'honest';
  await anHour();
  await pipeline.run('forward', await studyIdOf(pipeline, other.uploadId));
  assert.is((await pipeline.status(other.uploadId)).counts.refused, 0);
  pacs.lie = 'failing';
  await pipeline.run('forward', studyId);
  pacs.lie = 'honest';
  await anHour();
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

test('the PACS lost the first picture of an original, it may be sent with other boxes', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground: shared });
  const [first] = newStudy(1);
  const other = { ...first!, bytes: first!.bytes.slice() };
  other.bytes[other.bytes.length - 1]! ^= 1;
  const promise = (instance: typeof other) =>
    toManifest([instance], 'identified', { originalDigest: '9'.repeat(64) });
  const { uploadId } = await pipeline.init(promise(first!));
  await pipeline.send(uploadId, [first!]);
  await pipeline.runAll();
  const refused = await pipeline.init(promise(other));
  assert.equal(
    refused.conflict.map(({ reason }) => reason),
    ['already-here-other-boxes'],
  );
  await pipeline.runAll();
  pacs.held.clear();
  const wanted = await pipeline.init(promise(other));
  assert.equal([wanted.need.length, wanted.conflict], [1, []]);
  await pipeline.send(uploadId, [other]);
  await pipeline.runAll();
  const { counts } = await pipeline.status(uploadId);
  assert.equal([counts.inPacs, pacs.held.size], [1, 1]);
  const back = await pipeline.init(promise(first!));
  assert.is(back.conflict[0]?.reason, 'already-here-other-boxes', 'the second ones stand now');
  await pipeline.close();
});

test.run();
