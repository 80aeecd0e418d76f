/** Leaving out an instance whose UID something else has in the PACS. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countStudy } from '../count-study.ts';
import {
  openDevice,
  openSent,
  queueOver,
  queueStudy,
  receiptOf,
  receiptWith,
  sendAll,
  storeOver,
} from '../../../testing/open-queue.ts';
import { valuesOf } from '../../../testing/values-of.ts';

for (const others of [1, 0])
  test(`another image under the UID of a stored one, and ${others} more: it is left out, and not in the PACS`, async () => {
    const { device, instances, queue, rowOf } = await openSent([100, 200].slice(0, 1 + others));
    const { jws, receipt } = receiptOf(instances, 'refused', 'stored');
    const [own] = receipt.instances;
    const first = { ...own!, digest: 'f'.repeat(64), state: 'stored' as const };
    const conflict = { ...own!, reason: 'conflicting-instance' };
    const named = [conflict, ...receipt.instances.slice(1), first];
    await queue.settle('study', { jws, receipt: { ...receipt, instances: named } });
    using store = storeOver(device);
    await store.leaveOut('study');
    const { track } = countStudy(await rowOf());
    assert.equal([track.inPacs, track.leftOut], [others, 1]);
    assert.equal(
      (await store.instancesOf('study')).map(({ stands }) => stands === true),
      others === 1 ? [true, false] : [false],
    );
  });

test('of two images under one UID, the one that was not stored needs somebody or was left out, and is not in the PACS', async () => {
  const device = await openDevice();
  const [first, ...others] = await queueStudy(device, 'study', [100, 200, 300]);
  const uid = first!.sopInstanceUID;
  await device.database.instances.toCollection().modify({ sopInstanceUID: uid });
  const queue = queueOver(device);
  await sendAll(queue, 'study');
  const counts = { promised: 1, atGateway: 0, inPacs: 1, refused: 0, quarantined: 0, leftOut: 0 };
  await device.database.studies.update('study', { counts, departed: 3, acknowledged: 3 });
  const same = [first!, ...others].map((one) => ({ ...one, sopInstanceUID: uid }));
  const reason = 'conflicting-instance';
  const receipt = receiptWith(receiptOf(same, 'stored', 'quarantined'), (one) =>
    one.state === 'stored' ? one : { ...one, reason },
  );
  await queue.settle('study', receipt);
  const placesOf = async () => {
    const { track } = countStudy((await device.database.studies.get('study'))!);
    return Object.fromEntries(Object.entries(track).filter(([, count]) => count > 0));
  };
  assert.equal(await placesOf(), { inPacs: 1, needsYou: 2 });
  using store = storeOver(device);
  await store.leaveOut('study');
  assert.equal(await placesOf(), { inPacs: 1, leftOut: 2 });
  assert.equal(
    valuesOf(await store.instancesOf('study'), 'reason'),
    [null, reason, reason],
    'the UID stays another one’s',
  );
  await queue.settle(
    'study',
    receiptWith(receipt, (one) => (one.state === 'stored' ? one : { ...one, state: 'left-out' })),
  );
  assert.is((await device.database.studies.get('study'))?.state, 'done');
  assert.equal(await placesOf(), { inPacs: 1, leftOut: 2 });
});

test.run();
