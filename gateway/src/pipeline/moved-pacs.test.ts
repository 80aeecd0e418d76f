/** The address of a destination changes while studies are on their way: a receipt names the PACS that was looked at. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { firstOnlyIn } from '#shared/protocol/first-only.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { sentStudy, uidsOf } from '../testing/open-copies.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { assembledStudy, receiptOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('a PACS at another address');
let shared: TestGround;
test.before(async () => {
  shared = await openTestGround();
});
test.after(() => shared.close());

const NEXT = 'http://next.test/dicom-web';
const openNext = (): TestPacs => ({ ...openTestPacs(), describe: () => NEXT });

test('is looked at before a receipt names it, and gets what it lacks', async () => {
  const { pipeline, pacs, instances, uploadId, studyId } = await assembledStudy(shared);
  await pipeline.run('forward', studyId);
  assert.is(await pipeline.run('reconcile', studyId), 'reconciled', 'seen in the first one, and not signed');
  const next = openNext();
  const [copied] = pacs.held;
  next.held.set(...copied!);
  pipeline.tools.pacs = next;
  pacs.lie = 'down';
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal([receipt.pacs, receipt.revision], [NEXT, 1]);
  assert.equal(
    receipt.instances.map(({ state }) => state),
    instances.map(() => 'stored'),
  );
  assert.equal([...next.held.keys()].sort(), [...pacs.held.keys()].sort());
  assert.is(next.posted.size, 2, 'the one that was copied there is not posted again');
  await pipeline.close();
});

test('is looked at for what an earlier receipt has proven elsewhere', async () => {
  const { pipeline, pacs, instances, uploadId } = await assembledStudy(shared, 4, 3);
  await pipeline.runAll();
  assert.is((await receiptOf(pipeline, uploadId)).receipt.pacs, pacs.describe());
  const next = openNext();
  for (const one of pacs.held) next.held.set(...one);
  pipeline.tools.pacs = next;
  const { need } = await pipeline.init(toManifest(instances));
  assert.is(need.length, 1);
  const asked: string[] = [];
  const { findStudy } = next;
  next.findStudy = (study, ...more) => {
    asked.push(study);
    return findStudy(study, ...more);
  };
  await pipeline.send(uploadId, instances.slice(3));
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal([receipt.pacs, receipt.revision, receipt.instances.length], [NEXT, 2, 4]);
  assert.equal([next.posted.size, asked.length], [1, 2], 'for the new one, and for those of before');
  await pipeline.close();
});

test('has lost what only the other one has: the device is asked for it again', async () => {
  const { pipeline, instances, uploadId } = await assembledStudy(shared, 4, 3);
  await pipeline.runAll();
  const next = openNext();
  pipeline.tools.pacs = next;
  const { findStudy } = next;
  // The new PACS does not answer when the manifest comes: earlier confirmations are believed for the moment.
  next.findStudy = () => Promise.reject(new PacsUnreachable('away', null, 'ECONNREFUSED'));
  const { need } = await pipeline.init(toManifest(instances));
  assert.is(need.length, 1);
  next.findStudy = findStudy;
  await pipeline.send(uploadId, instances.slice(3));
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.equal([status.state, status.counts.inPacs], ['receiving', 1]);
  assert.is(status.instances?.filter(({ state }) => state === 'promised').length, 3);
  await pipeline.send(uploadId, instances.slice(0, 3));
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal([receipt.pacs, next.held.size], [NEXT, 4]);
  await pipeline.close();
});

test('is in no receipt as the one that has an image which only the other one had', async () => {
  const { pipeline, pacs, other, uploadId, instances } = await sentStudy(shared, 'required');
  const [refused = ''] = uidsOf(instances);
  other.failsOn.set(refused, 'refused');
  await pipeline.runAll();
  const before = (await receiptOf(pipeline, uploadId)).receipt;
  assert.equal(firstOnlyIn(before)?.missingAt, ['other']);
  // The others were moved.
  Object.assign(pacs, { describe: () => NEXT });
  pacs.held.delete(refused);
  const open = before.instances.filter(({ state }) => state === 'quarantined');
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, { decision: 'leave-out', instances: open });
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal([receipt.pacs, firstOnlyIn(receipt)], [NEXT, null]);
  assert.equal(receipt.instances.map(({ state, proof }) => `${state} ${proof}`).sort(), [
    'left-out undefined',
    'stored found',
    'stored found',
  ]);
  assert.is((await pipeline.status(uploadId)).counts.firstOnly, undefined);
  await pipeline.close();
});

test.run();
