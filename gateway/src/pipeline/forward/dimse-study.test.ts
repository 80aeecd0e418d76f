/** The fate of a study whose PACS speaks DIMSE: what is proven of it, and what the PACS's lies come to. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createDimsePacs } from '../../ports/pacs/dimse-pacs.ts';
import { openDimseArchive, type Archive, type ArchiveLie } from '../../testing/dimse-archive.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { sha256 } from '#testing/sha256.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { newStudy, receiptOf } from '../../testing/open-study.ts';
import { delimitedStudy } from '../../testing/delimited-study.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';

const test = suite('a study over DIMSE');
let ground: TestGround;
const archives: Archive[] = [];
test.before(async () => {
  ground = await openTestGround();
});
test.after(async () => {
  for (const archive of archives) archive.close();
  await ground.close();
});

const pacsAt = ({ port }: Archive) =>
  createDimsePacs({
    address: { isTls: false, host: '127.0.0.1', port, calledAE: 'PACS', callingAE: 'RELAYPACS' },
    tls: { ca: null, own: null },
  });

async function sent(lie: ArchiveLie, instances: readonly SyntheticInstance[] = newStudy(3)) {
  const archive = await openDimseArchive(instances);
  archives.push(archive);
  archive.lie = lie;
  const pipeline = await openTestPipeline({ pacs: pacsAt(archive), start: false, ground });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  return { instances, archive, pipeline, uploadId };
}

/** The study's end, and what the receipt says of each instance. */
async function endOf({ pipeline, uploadId }: Awaited<ReturnType<typeof sent>>) {
  await pipeline.runAll();
  const { state } = await pipeline.status(uploadId);
  const { receipt } = await receiptOf(pipeline, uploadId);
  await pipeline.close();
  return { state, receipt, listed: receipt.instances };
}

test('is read back: the receipt says so, and where it is', async () => {
  const going = await sent('honest');
  const { state, receipt, listed } = await endOf(going);
  assert.is(state, 'closed');
  assert.equal(
    listed.map((one) => [one.state, one.proof]),
    going.instances.map(() => ['stored', 'read-back']),
  );
  assert.is(receipt.pacs, `dimse://127.0.0.1:${going.archive.port}/PACS`);
  for (const { bytes, identifiers } of going.instances)
    assert.ok(
      Buffer.from(bytes)
        .subarray(-1000)
        .equals(going.archive.held.get(identifiers.sopInstanceUID)!.subarray(-1000)),
    );
});

test('is proven by a list where the PACS gives nothing back, and the receipt says no more', async () => {
  const { state, listed } = await endOf(await sent('without-get'));
  assert.is(state, 'closed');
  for (const one of listed) assert.equal([one.state, one.proof], ['stored', 'found']);
});

test('is held for a person where the PACS says Success and keeps other bytes, or none', async () => {
  const changed = await endOf(await sent('changing'));
  assert.is(changed.state, 'held');
  for (const one of changed.listed) assert.equal([one.state, one.reason], ['quarantined', 'pacs-changed-it']);
  const forgetting = await sent('forgetful');
  const lost = await endOf(forgetting);
  for (const one of lost.listed) assert.equal([one.state, one.reason], ['quarantined', 'pacs-lost']);
});

test('is proven where the PACS keeps the same Data Sets in another encoding, and the digests are as promised', async () => {
  const instances = await delimitedStudy(3);
  const archive = await openDimseArchive(instances);
  archives.push(archive);
  archive.lie = 'encoding';
  for (const { identifiers, otherwise } of instances)
    archive.otherwise.set(identifiers.sopInstanceUID, otherwise);
  const pipeline = await openTestPipeline({ pacs: pacsAt(archive), start: false, ground });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  const { state, listed } = await endOf({ pipeline, uploadId, archive, instances });
  assert.is(state, 'closed');
  for (const { identifiers, bytes, otherwise } of instances) {
    const one = listed.find(({ sopInstanceUID }) => sopInstanceUID === identifiers.sopInstanceUID)!;
    assert.equal([one.state, one.proof, one.digest], ['stored', 'read-back', sha256(bytes)]);
    assert.ok(archive.held.get(identifiers.sopInstanceUID)!.equals(otherwise));
  }
});

test('of which the PACS changed one value, and encoded the rest otherwise, is held', async () => {
  const [instance] = await delimitedStudy(1);
  const going = await sent('encoding', [instance!]);
  const other = Buffer.from(instance!.otherwise);
  const at = other.indexOf('121312');
  other[at] = other[at]! ^ 1;
  going.archive.otherwise.set(instance!.identifiers.sopInstanceUID, other);
  const { listed } = await endOf(going);
  assert.equal(
    listed.map((one) => [one.state, one.reason]),
    [['quarantined', 'pacs-changed-it']],
  );
});

/** The decision on all of its instances, and how they end then. */
async function decided(
  { pipeline, uploadId, instances }: Awaited<ReturnType<typeof sent>>,
  decision: 'retry' | 'leave-out',
): Promise<ReadonlySet<string>> {
  const keys = toManifest(instances).instances.map(({ sopInstanceUID, digest }) => ({
    sopInstanceUID,
    digest,
  }));
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, { decision, instances: keys });
  await pipeline.runAll();
  let { instances: listed } = await pipeline.status(uploadId);
  if (listed?.some(({ state }) => state === 'promised')) {
    await pipeline.send(uploadId, instances);
    await pipeline.runAll();
    ({ instances: listed } = await pipeline.status(uploadId));
  }
  return new Set(listed?.map(({ state, reason }) => `${state} ${reason ?? ''}`.trim()));
}

const CHANGED = new Set(['quarantined pacs-changed-it']);

test('that the PACS changes is still its own when a person tries again, and no image of another', async () => {
  const going = await sent('changing');
  const { archive, pipeline, uploadId } = going;
  await pipeline.runAll();
  assert.equal(await decided(going, 'retry'), CHANGED, 'nothing is different');
  assert.equal(await decided(going, 'leave-out'), new Set(['left-out left-out']));
  assert.equal(await decided(going, 'retry'), CHANGED, 'and nothing after it was left out');
  archive.held.clear();
  assert.equal(await decided(going, 'retry'), CHANGED, 'deleted there, and changed once more');
  archive.held.clear();
  archive.lie = 'honest';
  assert.equal(await decided(going, 'retry'), new Set(['stored']));
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('that the PACS changes is stored by its list once the administrator wants no more', async () => {
  const going = await sent('changing');
  await going.pipeline.runAll();
  Object.assign(going.pipeline.tools, { proof: 'found' });
  assert.equal(await decided(going, 'retry'), new Set(['stored']));
  const { listed } = await endOf(going);
  assert.ok(listed.every(({ proof }) => proof === 'found'));
  for (const times of going.archive.posted.values()) assert.is(times, 1);
});

test('that is refused says why', async () => {
  const { listed } = await endOf(await sent('refusing'));
  for (const one of listed) assert.equal([one.state, one.pacsCode], ['refused', 0x0110]);
});

test('that the PACS stored before it aborted is found, and posted once', async () => {
  const going = await sent('aborting');
  const first = going.instances[0]!.identifiers.sopInstanceUID;
  await going.pipeline.runAll();
  going.archive.lie = 'honest';
  const { state } = await endOf(going);
  assert.is(state, 'closed');
  assert.is(going.archive.posted.get(first), 1);
});

test('that the PACS had before is compared, and neither given again nor replaced', async () => {
  const own = await sent('honest');
  const { listed } = await endOf(own);
  assert.ok(listed.every((one) => one.state === 'stored'));
  const before = own.archive.held;
  const archive = await openDimseArchive(own.instances);
  archives.push(archive);
  const [same = '', other = ''] = own.instances.map(({ identifiers }): string => identifiers.sopInstanceUID);
  archive.held.set(same, before.get(same)!);
  archive.held.set(other, Buffer.from(before.get(other)!.with(-1, 99)));
  const fresh = await openTestGround();
  const pipeline = await openTestPipeline({ pacs: pacsAt(archive), start: false, ground: fresh });
  const { uploadId } = await pipeline.init(toManifest(own.instances));
  await pipeline.send(uploadId, own.instances);
  const end = await endOf({ pipeline, uploadId, archive, instances: own.instances });
  const said = new Map(end.listed.map((one) => [one.sopInstanceUID, [one.state, one.reason ?? one.proof]]));
  assert.equal(said.get(same), ['already-stored', 'read-back']);
  assert.equal(said.get(other), ['quarantined', 'conflicting-instance']);
  assert.equal([archive.posted.has(same), archive.posted.has(other)], [false, false]);
  await fresh.close();
});

test('waits for a PACS that does not search, and is done once it does', async () => {
  const going = await sent('without-find');
  await going.pipeline.runAll().catch(() => {});
  const { waiting, state } = await going.pipeline.status(going.uploadId);
  assert.is.not(state, 'closed');
  assert.is(waiting?.because, 'pacs-settings-wrong');
  going.archive.lie = 'honest';
  assert.is((await endOf(going)).state, 'closed');
});
test.run();
