/** The contents of receipts, their revisions, and their signatures. */
import { compactVerify } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
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

test('one byte of the receipt is changed, it no longer holds', async () => {
  const { pipeline, uploadId } = await assembledStudy(shared, 1);
  await pipeline.runAll();
  const { jws } = await receiptOf(pipeline, uploadId);
  for (let at = 0; at < jws.length; at += 7) {
    const changed = jws.slice(0, at) + (jws[at] === 'A' ? 'B' : 'A') + jws.slice(at + 1);
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
