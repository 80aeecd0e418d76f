/** The road of a study through the gateway with a real Orthanc at its end, and what becomes of it when something goes wrong on the way. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compactVerify } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { merkleRoot, receiptSchema, RECEIPT_TYPE } from '#shared/protocol/receipt.ts';
import { skipped } from '#testing/environment.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc } from '../../../scripts/orthanc.ts';
import { verifyAudit } from '../audit/audit.ts';
import { openTestPacs } from '../ports/pacs/open-test-pacs.ts';
import { createOrthancPacs } from '../ports/pacs/orthanc-pacs.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { digestOf, openTestGround, openTestPipeline, packed, rollingBack, toManifest, type TestGround, type TestPipeline } from './open-test-pipeline.ts';
import { ROAD } from './pipeline.ts';

const signal = new AbortController().signal;
let seeds = 1;
const study = (instancesPerSeries = 3, series = 1) => syntheticStudy({ seed: (seeds += 1), instancesPerSeries, series, rows: 16, columns: 16 }).instances;

/** The same UIDs, other pixels. */
function otherBytes(instance: SyntheticInstance): SyntheticInstance {
  const bytes = instance.bytes.slice();
  bytes[bytes.length - 1]! ^= 1;
  return { ...instance, bytes };
}

async function studyIdOf(pipeline: TestPipeline, uploadId: string): Promise<string> {
  return (await pipeline.tools.db.selectFrom('upload').select('study_id').where('id', '=', uploadId).executeTakeFirstOrThrow()).study_id;
}

async function receiptOf(pipeline: TestPipeline, uploadId: string) {
  const jws = await (await pipeline.request('GET', `/upload/${uploadId}/receipt`)).text();
  const { payload, protectedHeader } = await compactVerify(jws, pipeline.receiptKey);
  return { jws, protectedHeader, receipt: receiptSchema.parse(JSON.parse(new TextDecoder().decode(payload))) };
}

// With a real Orthanc.
const road = suite('a study on its road');
let orthanc: Awaited<ReturnType<typeof startOrthanc>> | null = null;
let folder = '';
road.before(async () => {
  if ((await findOrthanc()) === null) return skipped('the road into a real Orthanc', 'Orthanc is not installed');
  folder = await mkdtemp(join(tmpdir(), 'relay-road-'));
  orthanc = await startOrthanc({ folder });
});
road.after(async () => {
  await orthanc?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});
const promise = (title: string, run: (pacs: Pacs) => Promise<void>) => road(title, async () => void (orthanc && (await run(createOrthancPacs(orthanc)))));

promise('what was sent is in the PACS bit for bit, and the receipt says so under the gateway’s signature', async (pacs) => {
  const pipeline = await openTestPipeline({ pacs });
  const instances = study(4, 2);
  const answer = await pipeline.init(toManifest(instances));
  assert.is(answer.need.length, 8);
  await pipeline.send(answer.uploadId, instances.slice(0, 4));
  await pipeline.send(answer.uploadId, instances.slice(4));
  const complete = await pipeline.json<{ missing: unknown[] }>('POST', `/upload/${answer.uploadId}/complete`);
  assert.equal(complete.missing, []);
  const status = await pipeline.until(answer.uploadId, ({ state }) => state === 'closed');
  assert.is(status.counts.inPacs, 8);
  for (const found of await pacs.findInstances(instances.map(({ identifiers }) => identifiers.sopInstanceUID), signal)) {
    const sent = instances.find(({ identifiers }) => identifiers.sopInstanceUID === found.sopInstanceUID)!;
    assert.is((await pacs.readBack(found, signal))?.digest, digestOf(sent.bytes));
  }
  const { receipt, protectedHeader } = await receiptOf(pipeline, answer.uploadId);
  assert.is(protectedHeader.typ, RECEIPT_TYPE);
  assert.is(receipt.root, await merkleRoot(receipt.instances));
  assert.ok(receipt.instances.every(({ state, proof }) => state === 'stored' && proof === 'found'));
  assert.is(receipt.pacs, orthanc!.url);
  // Nothing of it is left, and its key is destroyed.
  assert.equal(await pipeline.tools.blobs.ids(), []);
  assert.is((await pipeline.tools.db.selectFrom('study').select('wrapped_key').executeTakeFirst())?.wrapped_key, null);
  assert.is((await verifyAudit(pipeline.tools.db)).kind, 'whole');
  assert.equal(pipeline.failures, []);

  const again = await pipeline.init(toManifest(instances));
  assert.equal([again.need.length, again.have.length, again.revision], [0, 8, 1], 'sent again, not one byte is asked for');
  await pipeline.close();
});

promise('a UID in use is a conflict: the first stays, the other is quarantined and named, the same is already here', async (pacs) => {
  const pipeline = await openTestPipeline({ pacs });
  const [a] = study(1) as [SyntheticInstance];
  const b = otherBytes(a);
  const first = await pipeline.init(toManifest([a]));
  await pipeline.send(first.uploadId, [a]);
  await pipeline.until(first.uploadId, ({ state }) => state === 'closed');
  const second = await pipeline.init(toManifest([b]));
  assert.equal(second.conflict, [{ sopInstanceUID: b.identifiers.sopInstanceUID, digest: digestOf(b.bytes), reason: 'conflicting-instance' }]);
  const third = await pipeline.init(toManifest([a]));
  assert.is(third.have.length, 1);
  const held = await pipeline.until(second.uploadId, ({ state }) => state === 'held');
  assert.is(held.counts.quarantined, 1);
  const [found] = await pacs.findInstances([a.identifiers.sopInstanceUID], signal);
  assert.is((await pacs.readBack(found!, signal))?.digest, digestOf(a.bytes));
  await pipeline.json('POST', `/upload/${second.uploadId}/decisions`, { decision: 'leave-out', instances: second.conflict });
  await pipeline.until(second.uploadId, ({ state }) => state === 'closed');
  const { receipt } = await receiptOf(pipeline, second.uploadId);
  assert.equal(receipt.instances.map(({ state }) => state), ['stored', 'left-out']);
  assert.is(receipt.revision, 3);
  await pipeline.close();
});

promise('what the PACS had before us is compared: the same bytes are already stored, others are never overwritten', async (pacs) => {
  const [same, other] = study(2) as [SyntheticInstance, SyntheticInstance];
  const before = [same, otherBytes(other)].map((instance) => ({
    sopInstanceUID: instance.identifiers.sopInstanceUID, sopClassUID: instance.identifiers.sopClassUID, transferSyntaxUID: instance.transferSyntaxUID,
    bytes: instance.bytes.length, async *open() { yield instance.bytes; },
  }));
  await pacs.storeInstances(same.identifiers.studyInstanceUID, before, signal);
  const pipeline = await openTestPipeline({ pacs });
  const { uploadId } = await pipeline.init(toManifest([same, other]));
  await pipeline.send(uploadId, [same, other]);
  const status = await pipeline.until(uploadId, ({ state }) => state === 'held');
  assert.equal(status.instances?.map(({ state, reason }) => [state, reason]), [['already-stored', undefined], ['quarantined', 'conflicting-instance']]);
  assert.equal((await receiptOf(pipeline, uploadId)).receipt.instances.map(({ proof }) => proof), ['read-back', undefined]);
  await pipeline.close();
});
road.run();

// With a PACS that lies, stage by stage.
const test = suite('a study, when');
let shared: TestGround;
test.before(async () => void (shared = await openTestGround()));
test.after(() => shared.close());

test('the link fails the PACS, it waits in the open and goes on by itself', async () => {
  const pacs = openTestPacs();
  pacs.lie = 'down';
  const pipeline = await openTestPipeline({ pacs });
  const instances = study();
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
  const { pipeline, pacs, uploadId, studyId } = await assembled();
  pacs.lie = 'cut';
  assert.is(await pipeline.run('forward', studyId), 'assembled');
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('it is large, every answer of the PACS is kept', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembled(700);
  assert.is(await pipeline.run('forward', studyId), 'forwarded');
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 700);
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('the PACS stores half and says nothing, the other half is offered again and no more', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembled();
  pacs.lie = 'half';
  await pipeline.run('forward', studyId);
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 3);
  assert.ok([...pacs.posted.values()].every((count) => count <= 2));
  await pipeline.close();
});

test('the PACS says stored and keeps nothing, it is asked for a while and then a person', async () => {
  const { pipeline, pacs, uploadId } = await assembled();
  pacs.lie = 'forgetful';
  await pipeline.runAll();
  const held = await pipeline.status(uploadId);
  assert.is(held.state, 'held');
  assert.equal([...new Set(held.instances?.map(({ state, reason }) => `${state} ${reason}`))], ['quarantined pacs-lost']);
  assert.is((await pipeline.tools.blobs.ids()).length, 1, 'the gateway keeps what the PACS lost');
  pacs.lie = 'honest';
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, { decision: 'retry', instances: held.instances?.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest })) });
  await pipeline.runAll();
  const done = await pipeline.status(uploadId);
  assert.equal([done.state, done.revision, done.counts.inPacs], ['closed', 2, 3]);
  await pipeline.close();
});

test('the PACS refuses, each instance says so, and the study closes', async () => {
  const { pipeline, pacs, uploadId } = await assembled();
  pacs.lie = 'refusing';
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.equal([status.state, status.counts.refused], ['closed', 3]);
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(receipt.instances.map(({ reason, pacsCode }) => [reason, pacsCode]), Array(3).fill(['pacs-refused', 0x0110]));
  await pipeline.close();
});

test('the PACS has no room, it waits', async () => {
  const { pipeline, pacs, uploadId, studyId } = await assembled();
  pacs.lie = 'busy';
  await pipeline.run('forward', studyId);
  assert.is((await pipeline.status(uploadId)).waiting?.because, 'pacs-unreachable');
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('the PACS lost it after the receipt, the next one to send it is asked for it', async () => {
  const { pipeline, pacs, uploadId, instances } = await assembled();
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

test('instances come late, there is a second receipt and the first still holds', async () => {
  const { pipeline, uploadId, instances } = await assembled(4, 3);
  await pipeline.runAll();
  const first = await receiptOf(pipeline, uploadId);
  assert.equal([first.receipt.revision, first.receipt.instances.length], [1, 3]);
  const late = await pipeline.init(toManifest(instances));
  assert.equal([late.need.length, late.revision], [1, 2]);
  await pipeline.send(uploadId, instances.slice(3));
  await pipeline.runAll();
  const second = await receiptOf(pipeline, uploadId);
  assert.equal([second.receipt.revision, second.receipt.instances.length], [2, 4]);
  await compactVerify(first.jws, pipeline.receiptKey);
  await pipeline.close();
});

test('identity remains under a de-identifying policy, nothing of it reaches the PACS', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground: shared });
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances, 'deidentified'));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.is(status.state, 'held');
  assert.ok(status.instances?.every(({ reason }) => reason === 'identity-remains'));
  assert.is(pacs.posted.size, 0);
  await pipeline.close();
});

test('a digest does not match, the device is asked again, and the good ones stay', async () => {
  const { pipeline, instances, uploadId } = await opened();
  const parcel = randomUUID();
  const bytes = await packed(instances);
  const at = Buffer.from(bytes).indexOf(Buffer.from(instances[1]!.bytes.subarray(-40)));
  bytes[at + 20]! ^= 1;
  await pipeline.sendBytes(uploadId, bytes, parcel);
  await pipeline.runAll();
  const complete = await pipeline.json<{ missing: { sopInstanceUID: string }[] }>('POST', `/upload/${uploadId}/complete`);
  assert.equal(complete.missing.map(({ sopInstanceUID }) => sopInstanceUID), [instances[1]!.identifiers.sopInstanceUID]);
  await pipeline.send(uploadId, instances, parcel);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('a digest never matches, it ends as a refusal and not as a loop', async () => {
  const { pipeline, instances, uploadId } = await opened(1);
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

test('its parcels are lost from the disk, the device is asked for them again', async () => {
  const { pipeline, pacs, instances, uploadId, parcel } = await assembled();
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
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances.slice(0, 2));
  await pipeline.create(uploadId, randomUUID(), 1000);
  await pipeline.runAll();
  now = new Date('2026-03-01T00:00:00Z');
  const { runExpiry } = await import('./eviction/run-expiry.ts');
  await runExpiry(pipeline.tools);
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.equal([status.state, status.counts.inPacs, status.instances?.[2]?.reason], ['closed', 2, 'never-arrived']);
  assert.equal(await pipeline.tools.blobs.ids(), []);
  const back = await pipeline.init(toManifest(instances));
  assert.equal([back.need.length, back.revision], [1, 2], 'and when it does come back, it is taken');
  await pipeline.close();
});

test('it is taken back before a byte has left, nothing of it remains; afterwards it cannot be', async () => {
  const { pipeline, instances, uploadId } = await opened();
  assert.is((await pipeline.request('DELETE', `/upload/${uploadId}`)).status, 204);
  assert.is((await pipeline.request('GET', `/upload/${uploadId}/status`)).status, 404);
  assert.is((await pipeline.tools.db.selectFrom('instance').select('id').where('site_id', '=', pipeline.siteId).execute()).length, 0);
  const again = await pipeline.init(toManifest(instances));
  await pipeline.send(again.uploadId, instances.slice(0, 1));
  const refusal = await pipeline.request('DELETE', `/upload/${again.uploadId}`);
  assert.equal([refusal.status, ((await refusal.json()) as { code: string }).code], [409, 'upload-in-progress']);
  await pipeline.close();
});

test('any stage runs twice, or is killed between what it did and its commit, the end is the same (I7)', async () => {
  for (const { stage } of ROAD) {
    const { pipeline, pacs, uploadId, studyId } = await assembled();
    const { tools } = pipeline;
    // Killed: everything that the stage does happens, and its transaction is rolled back.
    const killed = { ...tools, db: rollingBack(tools.db) };
    for (const entry of ROAD) {
      if (entry.stage === stage) await pipeline.run(stage, studyId, killed).catch(() => undefined);
      await pipeline.run(entry.stage, studyId);
      await pipeline.run(entry.stage, studyId);
    }
    const status = await pipeline.status(uploadId);
    assert.equal([stage, status.state, status.counts.inPacs, status.revision], [stage, 'closed', 3, 1]);
    assert.ok([...pacs.posted.values()].every((count) => count === 1), `${stage}: posted once`);
    assert.is((await tools.db.selectFrom('receipt').select('id').where('study_id', '=', studyId).execute()).length, 1);
    assert.equal(await tools.blobs.ids(), []);
    await pipeline.close();
  }
});

test('its parts were promised under two policies, the receipt names the one of each', async () => {
  const { pipeline, uploadId, instances } = await assembled(3, 1);
  await pipeline.runAll();
  await pipeline.init(toManifest(instances.slice(1), 'deidentified'));
  await pipeline.send(uploadId, instances.slice(1));
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(receipt.policy, { name: 'deidentified', version: 1 });
  assert.equal(receipt.instances.map(({ state, policy }) => [state, policy]), [
    ['stored', { name: 'identified', version: 1 }], ['quarantined', undefined], ['quarantined', undefined],
  ]);
  await pipeline.close();
});

test('one byte of the receipt is changed, it no longer holds', async () => {
  const { pipeline, uploadId } = await assembled(1);
  await pipeline.runAll();
  const { jws } = await receiptOf(pipeline, uploadId);
  for (let at = 0; at < jws.length; at += 7) {
    const changed = jws.slice(0, at) + (jws[at] === 'A' ? 'B' : 'A') + jws.slice(at + 1);
    assert.is(await compactVerify(changed, pipeline.receiptKey).then(() => 'holds', () => 'broken'), 'broken', `byte ${at}`);
  }
  await pipeline.close();
});

async function opened(count = 3) {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground: shared });
  const instances = study(count);
  const { uploadId } = await pipeline.init(toManifest(instances));
  return { pipeline, pacs, instances, uploadId };
}

/** A study that is all at the gateway and verified; `promised` of `count` instances. */
async function assembled(count = 3, promised = count) {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground: shared });
  const instances = study(count);
  const { uploadId } = await pipeline.init(toManifest(instances.slice(0, promised)));
  const parcel = randomUUID();
  await pipeline.send(uploadId, instances.slice(0, promised), parcel);
  const { runParcel } = await import('./pipeline.ts');
  for (const { id } of await pipeline.tools.db.selectFrom('parcel').select('id').where('upload_id', '=', uploadId).execute()) await runParcel(id, pipeline.tools, signal);
  const studyId = await studyIdOf(pipeline, uploadId);
  await pipeline.run('assembly', studyId);
  return { pipeline, pacs, instances, uploadId, studyId, parcel };
}

test.run();
