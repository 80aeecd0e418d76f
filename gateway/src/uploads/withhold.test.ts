/** A person decides later about instances that the device held back: receipts and status say so. */
import { compactVerify, decodeJwt } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import type { ReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { newStudy, receiptOf, studyIdOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('a decision about withheld instances');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

/** A study of two, of which the device holds two more back. */
async function heldBack() {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const instances = newStudy(2);
  const { uploadId } = await pipeline.init({ ...toManifest(instances), withheld: { held: 2 } });
  await pipeline.send(uploadId, instances);
  return { pipeline, uploadId };
}

const say = (pipeline: TestPipeline, uploadId: string, withheld: Withheld | { readonly lost: number }) =>
  pipeline.json<{ code?: string }>('POST', `/upload/${uploadId}/decisions`, {
    decision: 'withhold',
    withheld,
  });

const decisionsIn = async ({ tools }: TestPipeline, uploadId: string) =>
  (await tools.db.selectFrom('audit').select('fields').where('event', '=', 'instances-decided').execute())
    .filter(({ fields }) => fields['uploadId'] === uploadId)
    .map(({ fields: { by, decision, cause, instances, revision } }) => ({
      ...{ by, decision, cause, instances, revision },
    }));

test('made after the receipt is in its next revision, and the first receipt still holds', async () => {
  const { pipeline, uploadId } = await heldBack();
  await pipeline.runAll();
  const first = await receiptOf(pipeline, uploadId);
  assert.equal([first.receipt.revision, first.receipt.withheld], [1, { held: 2 }]);
  const decided = { 'left-out': 2 };
  for (const time of ['once', 'again, for the answer was lost']) {
    await say(pipeline, uploadId, decided);
    await pipeline.runAll();
    const { receipt } = await receiptOf(pipeline, uploadId);
    assert.equal([receipt.revision, receipt.withheld, receipt.instances.length], [2, decided, 2], time);
    const { state, withheld } = await pipeline.status(uploadId);
    assert.equal([state, withheld], ['closed', decided], time);
  }
  await compactVerify(first.jws, pipeline.receiptKey);
  assert.equal(await decisionsIn(pipeline, uploadId), [
    { by: pipeline.accountId, decision: 'leave-out', cause: 'left-out', instances: 2, revision: 2 },
  ]);
  await pipeline.close();
});

test('is recorded with the cause for which the device asked', async () => {
  const { pipeline, uploadId } = await heldBack();
  await pipeline.runAll();
  await say(pipeline, uploadId, { 'left-out-name': 1, held: 1 });
  await say(pipeline, uploadId, { 'left-out-name': 1, 'left-out-faulty': 1 });
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(receipt.withheld, { 'left-out-name': 1, 'left-out-faulty': 1 });
  const code = decodeJwt(receipt.code!) as unknown as ReceiptCode;
  assert.equal(code.withheld, { 'left-out': 2 }, 'the code on paper has no room for causes');
  assert.equal(
    (await decisionsIn(pipeline, uploadId)).map(({ cause, instances }) => [cause, instances]),
    [
      ['left-out-name', 1],
      ['left-out-faulty', 1],
    ],
  );
  await pipeline.close();
});

test('made while the receipt is being signed is in that receipt', async () => {
  const decided = { held: 1, 'left-out': 1 };
  const { pipeline, uploadId } = await heldBack();
  const { signReceipt } = pipeline.tools;
  let isFirst = true;
  const signing: typeof signReceipt = async (receipt) => {
    if (isFirst) await say(pipeline, uploadId, decided);
    isFirst = false;
    return signReceipt(receipt);
  };
  Object.assign(pipeline.tools, { signReceipt: signing });
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal([isFirst, receipt.revision, receipt.withheld], [false, 1, decided]);
  await pipeline.close();
});

test('announced while the receipt is being signed is in that receipt', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const instances = newStudy(2);
  const { uploadId } = await pipeline.init({ ...toManifest(instances), withheld: { held: 2 } });
  await pipeline.send(uploadId, instances);
  const { signReceipt } = pipeline.tools;
  let isFirst = true;
  const signing: typeof signReceipt = async (receipt) => {
    if (isFirst) await pipeline.init({ ...toManifest(instances), withheld: { 'left-out': 2 } });
    isFirst = false;
    return signReceipt(receipt);
  };
  Object.assign(pipeline.tools, { signReceipt: signing });
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal([isFirst, receipt.withheld], [false, { 'left-out': 2 }]);
  assert.equal(
    (await decisionsIn(pipeline, uploadId)).map(({ by, instances }) => [by, instances]),
    [[pipeline.accountId, 2]],
    'once',
  );
  await pipeline.close();
});

test('is taken from the sender alone, and in numbers that can be', async () => {
  const { pipeline, uploadId } = await heldBack();
  await pipeline.runAll();
  for (const bad of [{ held: -1 }, { lost: 1 }, { held: MANIFEST_INSTANCE_LIMIT + 1 }])
    assert.is((await say(pipeline, uploadId, bad)).code, 'invalid-request');
  const row = { site_id: pipeline.siteId, password_hash: '', disabled_at: null };
  for (const role of ['technician', 'admin'] as const) {
    const another = { ...row, username: `${role} ${uploadId}`, roles: [role] };
    const { id } = await pipeline.tools.db
      .insertInto('account')
      .values(another)
      .returning('id')
      .executeTakeFirstOrThrow();
    pipeline.actAs(id, [role]);
    assert.is((await say(pipeline, uploadId, {})).code, 'upload-not-found', role);
  }
  pipeline.actAs(pipeline.accountId, ['technician']);
  await pipeline.runAll();
  assert.equal((await pipeline.status(uploadId)).withheld, { held: 2 });
  const studyId = await studyIdOf(pipeline, uploadId);
  const { revision } = await pipeline.tools.db
    .selectFrom('study')
    .select('revision')
    .where('id', '=', studyId)
    .executeTakeFirstOrThrow();
  assert.is(revision, 1);
  await pipeline.close();
});

test.run();
