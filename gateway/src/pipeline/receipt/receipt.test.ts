/** The contents of receipts, their revisions, and their signatures. */
import { compactVerify } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import { manifestSchema } from '#shared/protocol/manifest.ts';
import { toReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { uploadStatus } from '../../uploads/upload-status.ts';
import { assembledStudy, newStudy, receiptOf } from '../../testing/open-study.ts';

const test = suite('a study, when');
let shared: TestGround;
test.before(async () => {
  shared = await openTestGround();
});
test.after(() => shared.close());

test('instances come late, there is a second receipt and the first still holds', async () => {
  const { pipeline, uploadId, instances } = await assembledStudy(shared, 4, 3);
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

test('its sender kept instances back, receipt and status say how many and why, until more of it comes', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground: shared });
  const instances = newStudy(3);
  const promised = instances.slice(0, 2);
  const withheld = { 'left-out': 1, damaged: 2 };
  const saidOf = async (uploadId: string) => {
    const { receipt } = await receiptOf(pipeline, uploadId);
    const status = await uploadStatus(pipeline.tools.db, uploadId, false);
    return [receipt.withheld, toReceiptCode(receipt).withheld, status?.withheld];
  };
  const { uploadId } = await pipeline.init({ ...toManifest(promised), withheld });
  await pipeline.send(uploadId, promised);
  await pipeline.runAll();
  assert.equal(await saidOf(uploadId), [withheld, withheld, withheld]);
  // Asked about once more, with nothing new: what was signed stands.
  await pipeline.init(toManifest(promised));
  assert.equal(await saidOf(uploadId), [withheld, withheld, withheld]);
  await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances.slice(2));
  await pipeline.runAll();
  assert.equal(await saidOf(uploadId), [undefined, undefined, undefined]);
  for (const bad of [{ held: 0 }, { lost: 1 }, { damaged: MANIFEST_INSTANCE_LIMIT + 1 }])
    assert.is(manifestSchema.safeParse({ ...toManifest(promised), withheld: bad }).success, false);
  const most = { damaged: MANIFEST_INSTANCE_LIMIT };
  assert.ok(manifestSchema.safeParse({ ...toManifest(promised), withheld: most }).success);
  await pipeline.close();
});

test('the receipt says when it was issued, in seconds (RFC 7519 §4.1.6)', async () => {
  const now = () => new Date('2026-03-04T05:06:07.890Z');
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground: shared, now });
  const instances = newStudy(1);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.is(receipt.iat, Date.parse('2026-03-04T05:06:07Z') / 1000);
  await pipeline.close();
});

test('its parts were promised under two policies, the receipt names the one of each', async () => {
  const { pipeline, uploadId, instances } = await assembledStudy(shared, 3, 1);
  await pipeline.runAll();
  await pipeline.init(toManifest(instances.slice(1), 'deidentified'));
  await pipeline.send(uploadId, instances.slice(1));
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(receipt.policy, { name: 'deidentified', version: 1 });
  assert.equal(
    receipt.instances.map(({ state, policy }) => [state, policy]),
    [
      ['stored', { name: 'identified', version: 1 }],
      ['quarantined', undefined],
      ['quarantined', undefined],
    ],
  );
  await pipeline.close();
});

test('other parts of it are held later, it was confirmed when the PACS had what it has', async () => {
  const { pipeline, uploadId, instances, studyId } = await assembledStudy(shared, 3, 1);
  await pipeline.runAll();
  const hourAgo = new Date(Date.now() - 3_600_000);
  await pipeline.tools.db
    .updateTable('instance')
    .set({ updated_at: hourAgo })
    .where('study_id', '=', studyId)
    .execute();
  await pipeline.init(toManifest(instances.slice(1), 'deidentified'));
  await pipeline.send(uploadId, instances.slice(1));
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.is(receipt.confirmed, Math.floor(hourAgo.getTime() / 1000));
  await pipeline.close();
});

test('nothing of it is in the PACS, its receipt names no moment of arrival', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground: shared });
  const instances = newStudy(2);
  const { uploadId } = await pipeline.init(toManifest(instances, 'deidentified'));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    receipt.instances.map(({ state }) => state),
    ['quarantined', 'quarantined'],
  );
  assert.is(receipt.confirmed, undefined);
  await pipeline.close();
});

test('one byte of the receipt is changed, it no longer holds', async () => {
  const { pipeline, uploadId } = await assembledStudy(shared, 1);
  await pipeline.runAll();
  const { jws } = await receiptOf(pipeline, uploadId);
  for (let at = 0; at < jws.length; at += 7) {
    // Q, not B: of the last character only the two upper bits belong to the signature (RFC 4648 §3.5).
    const changed = jws.slice(0, at) + (jws[at] === 'A' ? 'Q' : 'A') + jws.slice(at + 1);
    assert.is(
      await compactVerify(changed, pipeline.receiptKey).then(
        () => 'holds',
        () => 'broken',
      ),
      'broken',
      `byte ${at}`,
    );
  }
  await pipeline.close();
});

test.run();
