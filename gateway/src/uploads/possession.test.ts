/**
 * Possession is proven: naming an instance opens nothing, and promises of one account are nothing to another.
 * Two technicians of one site, as an attacker has it.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Role } from '#shared/protocol/api.ts';
import type { Manifest, ManifestInstance } from '#shared/protocol/manifest.ts';
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { reachedInstances } from '../findings/result-reach.ts';
import { runParcel } from '../pipeline/pipeline.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { newStudy, receiptOf, studyIdOf } from '../testing/open-study.ts';
import { addAccount, addDevice } from '../testing/add-account.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('an account');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

async function open() {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, ground, start: false });
  const stranger = await addAccount(pipeline);
  return {
    pacs,
    pipeline,
    stranger,
    asStranger: (roles: Role[] = ['technician']) => pipeline.actAs(stranger, roles),
    asOwner: (device: string | null = null) => pipeline.actAs(pipeline.accountId, ['technician'], device),
    /** Announced, sent, and worked on until nothing moves. */
    async deliver(instances: readonly SyntheticInstance[], manifest: Manifest = toManifest(instances)) {
      const { uploadId } = await pipeline.init(manifest);
      await pipeline.send(uploadId, instances);
      await pipeline.runAll();
      return uploadId;
    },
  };
}

const uidsOf = (instances: readonly SyntheticInstance[]): string[] =>
  instances.map(({ identifiers }) => identifiers.sopInstanceUID);
const statesOf = async (pipeline: TestPipeline, uploadId: string) =>
  (await pipeline.status(uploadId)).instances?.map(({ state, reason }) => `${state} ${reason ?? ''}`.trim());
/** The same UIDs, other pixels. */
const rivalsOf = (instances: readonly SyntheticInstance[]): SyntheticInstance[] =>
  instances.map((instance) => {
    const bytes = instance.bytes.slice();
    bytes[bytes.length - 1]! ^= 1;
    return { ...instance, bytes };
  });
/** A promise that will not be kept. */
const promise = (instances: readonly SyntheticInstance[], more: Partial<ManifestInstance>): Manifest =>
  toManifest(instances, 'identified', more);

test('that names another’s instances is told nothing of them, and its receipt lists its own alone', async () => {
  const { pipeline, stranger, asStranger, asOwner, deliver } = await open();
  const [own, ...others] = newStudy() as [SyntheticInstance, ...SyntheticInstance[]];
  const uploadId = await deliver(others);
  asStranger();
  const joined = await deliver([own]);
  const { receipt } = await receiptOf(pipeline, joined);
  assert.equal(
    receipt.instances.map(({ sopInstanceUID }) => sopInstanceUID),
    uidsOf([own]),
  );
  const named = await pipeline.init(toManifest([own, ...others]));
  assert.equal([named.have.length, named.need.length, named.conflict], [1, 2, []]);
  await pipeline.runAll();
  const caller = { id: stranger, siteId: pipeline.siteId, roles: ['technician' as const] };
  const reached = await reachedInstances(pipeline.tools.db, caller, own.identifiers.studyInstanceUID);
  assert.equal([...(reached as Set<string>)], uidsOf([own]));
  asOwner();
  const { state, revision } = await pipeline.status(uploadId);
  assert.equal([state, revision], ['closed', 1], 'and the other sees nothing of it');
  await pipeline.close();
});

test('that brings the same bytes is told that they are there, and the PACS is given them once', async () => {
  const { pipeline, pacs, stranger, asStranger, asOwner, deliver } = await open();
  const instances = newStudy();
  const first = await deliver(instances);
  asStranger();
  assert.is((await pipeline.init(toManifest(instances))).need.length, 3);
  const second = await deliver(instances);
  assert.equal(await statesOf(pipeline, second), ['stored', 'stored', 'stored']);
  assert.is((await receiptOf(pipeline, second)).receipt.instances.length, 3);
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  const again = await pipeline.init(toManifest(instances));
  assert.equal([again.have.length, again.have.every(({ inPacs }) => inPacs)], [3, true]);
  const caller = { id: stranger, siteId: pipeline.siteId, roles: ['technician' as const] };
  const { studyInstanceUID } = instances[0]!.identifiers;
  assert.is((await reachedInstances(pipeline.tools.db, caller, studyInstanceUID)).size, 3);
  asOwner();
  assert.equal(
    [(await pipeline.status(first)).state, (await pipeline.status(first)).revision],
    ['closed', 1],
  );
  await pipeline.close();
});

test('sends what another is sending at this moment: each ends, and the PACS is given it once', async () => {
  const { pipeline, pacs, asStranger, asOwner } = await open();
  const instances = newStudy();
  const uploads = [];
  for (const as of [asOwner, asStranger]) {
    as();
    const { uploadId, need } = await pipeline.init(toManifest(instances));
    assert.is(need.length, 3);
    await pipeline.send(uploadId, instances);
    uploads.push(uploadId);
  }
  await pipeline.runAll();
  for (const [nth, as] of [asOwner, asStranger].entries()) {
    as();
    const { state, counts, receipt } = await pipeline.status(uploads[nth]!);
    assert.equal([state, counts.inPacs, receipt !== null], ['closed', 3, true]);
  }
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('an upload whose study waits behind another one of the same UIDs is told so, until it moves on', async () => {
  const { pipeline, pacs, asStranger, asOwner } = await open();
  const instances = newStudy(2);
  /** Brought, verified, and forwarded once. */
  const forwardOnce = async () => {
    const { uploadId } = await pipeline.init(toManifest(instances));
    await pipeline.send(uploadId, instances);
    const parcels = pipeline.tools.db.selectFrom('parcel').select('id').where('upload_id', '=', uploadId);
    for (const { id } of await parcels.execute())
      await runParcel(id, pipeline.tools, new AbortController().signal);
    const studyId = await studyIdOf(pipeline, uploadId);
    for (const stage of ['assembly', 'forward'] as const) await pipeline.run(stage, studyId);
    return { uploadId, again: () => pipeline.run('forward', studyId) };
  };
  const waitOf = async (uploadId: string) => (await pipeline.status(uploadId)).waiting;
  asOwner();
  pacs.lie = 'forgetful';
  const first = await forwardOnce();
  pacs.lie = 'honest';
  asStranger();
  const second = await forwardOnce();
  const waiting = await waitOf(second.uploadId);
  assert.is(waiting?.because, 'behind-another');
  await second.again();
  assert.equal(await waitOf(second.uploadId), waiting, 'since when stays');
  await pipeline.init(toManifest([...instances, ...newStudyOf(instances)]));
  assert.is(await waitOf(second.uploadId), null, 'it is told only while it is so');
  await pipeline.json('POST', `/upload/${second.uploadId}/decisions`, {
    decision: 'take-back',
    instances: newStudyOf(instances).map(({ identifiers, bytes }) => ({
      sopInstanceUID: identifiers.sopInstanceUID,
      digest: sha256(bytes),
    })),
  });
  await pipeline.run('assembly', await studyIdOf(pipeline, second.uploadId));
  await second.again();
  assert.is((await waitOf(second.uploadId))?.because, 'behind-another');
  await pipeline.runAll();
  const ends = [await pipeline.status(second.uploadId)];
  asOwner();
  ends.push(await pipeline.status(first.uploadId));
  for (const { state, waiting: still, counts } of ends)
    assert.equal([state, still, counts.inPacs], ['closed', null, 2]);
  await pipeline.close();
});

test('that has an instance in quarantine is not asked for it by another of its devices, and nobody else is told', async () => {
  const { pipeline, asStranger, asOwner, deliver } = await open();
  const instances = newStudy(2);
  // Said to be de-identified, and sent as it was.
  const manifest = toManifest(instances, 'deidentified');
  asOwner(await addDevice(pipeline));
  await deliver(instances, manifest);
  asOwner(await addDevice(pipeline));
  for (const time of ['at first', 'and again']) {
    const { need, conflict, uploadId } = await pipeline.init(manifest);
    assert.equal(
      [need, conflict.map(({ reason }) => reason)],
      [[], ['identity-remains', 'identity-remains']],
      time,
    );
    assert.equal(await statesOf(pipeline, uploadId), Array(2).fill('quarantined identity-remains'));
  }
  asStranger();
  const other = await pipeline.init(manifest);
  assert.equal([other.need.length, other.conflict], [2, []]);
  await pipeline.close();
});

test('that promises and never sends holds up nobody’s study, neither before nor after it has arrived', async () => {
  const { pipeline, asStranger, asOwner, deliver } = await open();
  const instances = newStudy(4);
  const bogus = toManifest(instances);
  asStranger();
  await pipeline.init(bogus);
  asOwner();
  const uploadId = await deliver(instances.slice(0, 3));
  const { jws, receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    receipt.instances.map(({ state }) => state),
    ['stored', 'stored', 'stored'],
  );
  asStranger();
  await pipeline.init({
    ...bogus,
    instances: bogus.instances.map((one) => ({ ...one, digest: sha256(Buffer.from(one.digest)) })),
  });
  await pipeline.runAll();
  asOwner();
  const status = await pipeline.status(uploadId);
  assert.equal([status.state, status.revision, status.waiting], ['closed', 1, null]);
  assert.is((await receiptOf(pipeline, uploadId)).jws, jws);
  await pipeline.close();
});

for (const [what, more] of [
  ['other bytes', { digest: 'a'.repeat(64) }],
  ['another series', { seriesInstanceUID: '1.2.3' }],
  ['another SOP Class', { sopClassUID: '1.2.3' }],
  ['another transfer syntax', { transferSyntaxUID: '1.2.840.10008.1.2.4.70' }],
  ['another size', { bytes: 17 }],
] as const) {
  test(`that promised ${what} under a UID does not bar it: neither another account nor itself later`, async () => {
    const { pipeline, asStranger, asOwner, deliver } = await open();
    const instances = newStudy(1);
    asStranger();
    await pipeline.init(promise(instances, more as Partial<ManifestInstance>));
    asOwner();
    const answer = await pipeline.init(toManifest(instances));
    assert.equal([answer.need.length, answer.conflict], [1, []]);
    assert.equal(await statesOf(pipeline, await deliver(instances)), ['stored']);
    const others = newStudy(1);
    await pipeline.init(promise(others, more as Partial<ManifestInstance>));
    const right = await pipeline.init(toManifest(others));
    assert.equal([right.need.length, right.conflict], [1, []], 'renewed');
    const states = await statesOf(pipeline, await deliver(others));
    assert.equal(states?.at(-1), 'stored');
    await pipeline.close();
  });
}

test('that claims another’s instances for another study takes nothing from it', async () => {
  const { pipeline, asStranger, asOwner } = await open();
  const instances = newStudy();
  const { uploadId } = await pipeline.init(toManifest(instances));
  asStranger();
  await pipeline.init({
    ...toManifest(instances),
    studyInstanceUID: '1.2.3.4' as Manifest['studyInstanceUID'],
  });
  asOwner();
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  assert.equal(
    [(await pipeline.status(uploadId)).state, await statesOf(pipeline, uploadId)],
    ['closed', ['stored', 'stored', 'stored']],
  );
  await pipeline.close();
});

test('with a second device that died after its promise does not wait for it', async () => {
  const { pipeline, pacs, asOwner, deliver } = await open();
  const dead = await addDevice(pipeline);
  const living = await addDevice(pipeline);
  const instances = newStudy(4);
  asOwner(dead);
  await pipeline.init(toManifest(instances));
  asOwner(living);
  const uploadId = await deliver(instances.slice(0, 3));
  assert.equal([(await pipeline.status(uploadId)).state, pacs.held.size], ['closed', 3]);
  await pipeline.close();
});

test('sends its study again from another device in one request, and has a receipt for it', async () => {
  const { pipeline, pacs, asOwner, deliver } = await open();
  const instances = newStudy();
  await deliver(instances);
  asOwner(await addDevice(pipeline));
  await deliver(instances);
  asOwner(await addDevice(pipeline));
  const { uploadId, have, need } = await pipeline.init(toManifest(instances));
  assert.equal([have.length, have.every(({ inPacs }) => inPacs), need], [3, true, []]);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    receipt.instances.map(({ state }) => state),
    ['stored', 'stored', 'stored'],
  );
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('with a role that reads the PACS is told what is there while signed in; its device is not, and without the role it reaches nothing', async () => {
  const { pipeline, stranger, asStranger, deliver } = await open();
  const instances = newStudy();
  await deliver(instances);
  pipeline.actAs(stranger, ['radiologist'], await addDevice(pipeline, stranger));
  assert.is((await pipeline.init(toManifest(instances))).need.length, 3);
  asStranger(['radiologist']);
  const answer = await pipeline.init(toManifest(instances.slice(1)));
  assert.equal([answer.have.length, answer.need.length], [2, 0]);
  await pipeline.runAll();
  assert.equal(await statesOf(pipeline, answer.uploadId), ['stored', 'stored']);
  const caller = { id: stranger, siteId: pipeline.siteId, roles: ['technician' as const] };
  const { studyInstanceUID } = instances[0]!.identifiers;
  assert.is((await reachedInstances(pipeline.tools.db, caller, studyInstanceUID)).size, 0);
  await pipeline.close();
});

test('of a researcher is told of de-identified studies while signed in, and of no other', async () => {
  const { pipeline, stranger, asStranger, deliver } = await open();
  const identified = newStudy(2);
  const deidentified = newStudy(2);
  for (const instances of [identified, deidentified]) await deliver(instances);
  const { studyInstanceUID } = deidentified[0]!.identifiers;
  await pipeline.tools.db
    .updateTable('instance')
    .set({ policy_name: 'deidentified', policy_version: 1 })
    .where('site_id', '=', pipeline.siteId)
    .where('sop_instance_uid', 'in', uidsOf(deidentified))
    .execute();
  const told = async (instances: readonly SyntheticInstance[]) => {
    const { have, need } = await pipeline.init(toManifest(instances, 'deidentified'));
    return [have.length, need.length];
  };
  pipeline.actAs(stranger, ['researcher'], await addDevice(pipeline, stranger));
  assert.equal(await told(deidentified), [0, 2], 'a device reads nothing');
  asStranger(['researcher']);
  assert.equal(
    [await told(deidentified), await told(identified)],
    [
      [2, 0],
      [0, 2],
    ],
  );
  const caller = { id: stranger, siteId: pipeline.siteId, roles: ['researcher' as const] };
  assert.is((await reachedInstances(pipeline.tools.db, caller, studyInstanceUID)).size, 2, 'the same rule');
  await pipeline.close();
});

test('that brings what the PACS has lost since brings it back', async () => {
  const { pipeline, pacs, asStranger, deliver } = await open();
  const instances = newStudy();
  await deliver(instances);
  pacs.held.clear();
  asStranger();
  const uploadId = await deliver(instances);
  assert.equal([await statesOf(pipeline, uploadId), pacs.held.size], [['stored', 'stored', 'stored'], 3]);
  await pipeline.close();
});

test('that brings other bytes under a UID that the PACS has is in conflict, alone, and nothing is overwritten', async () => {
  const { pipeline, pacs, asStranger, asOwner, deliver } = await open();
  const instances = newStudy(2);
  const first = await deliver(instances);
  asStranger();
  const second = await deliver(rivalsOf(instances));
  assert.equal(await statesOf(pipeline, second), [
    'quarantined conflicting-instance',
    'quarantined conflicting-instance',
  ]);
  assert.is((await pipeline.status(second)).state, 'held');
  asOwner();
  assert.equal(
    [(await pipeline.status(first)).state, (await pipeline.status(first)).revision],
    ['closed', 1],
  );
  for (const { identifiers, bytes } of instances)
    assert.is(sha256(pacs.held.get(identifiers.sopInstanceUID)!.bytes), sha256(bytes));
  await pipeline.close();
});

test('that gave other bytes to a PACS which kept none of them has no receipt for another’s', async () => {
  const { pipeline, pacs, asStranger, asOwner, deliver } = await open();
  const instances = newStudy(1);
  asStranger();
  const { uploadId: theirs } = await pipeline.init(toManifest(rivalsOf(instances)));
  await pipeline.send(theirs, rivalsOf(instances));
  const parcels = await pipeline.tools.db
    .selectFrom('parcel')
    .select('id')
    .where('upload_id', '=', theirs)
    .execute();
  for (const { id } of parcels) await runParcel(id, pipeline.tools, new AbortController().signal);
  const studyId = await studyIdOf(pipeline, theirs);
  pacs.lie = 'forgetful';
  for (const stage of ['assembly', 'forward'] as const) await pipeline.run(stage, studyId);
  pacs.lie = 'honest';
  // The stranger's instance is posted; now the upload promises more, and so is never reconciled.
  await pipeline.init(toManifest([...rivalsOf(instances), ...newStudyOf(instances)]));
  asOwner();
  assert.equal(await statesOf(pipeline, await deliver(instances)), ['stored'], 'nobody waits for it');
  asStranger();
  await pipeline.json('POST', `/upload/${theirs}/decisions`, {
    decision: 'leave-out',
    instances: newStudyOf(instances).map(({ identifiers, bytes }) => ({
      sopInstanceUID: identifiers.sopInstanceUID,
      digest: sha256(bytes),
    })),
  });
  await pipeline.runAll();
  assert.equal((await statesOf(pipeline, theirs))?.[0], 'quarantined conflicting-instance');
  await pipeline.close();
});

/** Another instance of the same study, which nobody sends. */
function newStudyOf([first]: readonly SyntheticInstance[]): SyntheticInstance[] {
  const { identifiers } = first!;
  return [
    {
      ...first!,
      identifiers: {
        ...identifiers,
        sopInstanceUID: `${identifiers.sopInstanceUID}.9` as typeof identifiers.sopInstanceUID,
      },
    },
  ];
}

test.run();
