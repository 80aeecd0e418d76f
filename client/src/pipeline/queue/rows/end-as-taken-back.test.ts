/** A study that was cancelled gives way in the lists only to a later send that has all its instances. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  nameStudy,
  openDevice,
  queueStudy,
  storeOver,
  type TestDevice,
} from '../../../testing/open-queue.ts';
import { createRate } from '../rate.ts';
import { showStudy } from '../show-study.ts';
import { withoutRepeated } from '../without-repeated.ts';
import { withdrawInstances } from './name-study.ts';

const ABOUT = { title: null, label: null, heldStudy: null, rate: createRate(), at: 1 };
const standing = async ({ database }: TestDevice) =>
  withoutRepeated((await database.studies.toArray()).map((row) => showStudy(row, ABOUT))).map(({ id }) => id);

/** Sends of one study: each names its instances by their sizes, and is cancelled before the next is chosen. */
async function cancelled(...sends: readonly (readonly number[])[]): Promise<TestDevice> {
  const device = await openDevice();
  const store = storeOver(device);
  for (const [at, sizes] of sends.entries()) {
    await queueStudy(device, `send ${at + 1}`, sizes, { queuedAt: at });
    assert.ok(await store.takeBack(`send ${at + 1}`));
  }
  store.close();
  return device;
}

test('the same instances, or more, cancelled later stand for those of before', async () => {
  assert.equal(await standing(await cancelled([100, 200], [100, 200])), ['send 2']);
  assert.equal(await standing(await cancelled([100, 200], [100, 200, 300])), ['send 2']);
});

test('other parts of the study, as many or more, do not', async () => {
  assert.equal(await standing(await cancelled([100, 200], [101, 201])), ['send 1', 'send 2']);
  assert.equal(await standing(await cancelled([100, 200], [100, 201, 300])), ['send 1', 'send 2']);
});

test('also where it was chosen again before it was cancelled', async () => {
  for (const [sizes, expected] of [
    [[100, 200, 300], ['later']],
    [
      [100, 201, 300],
      ['earlier', 'later'],
    ],
  ] as const) {
    const device = await openDevice();
    using store = storeOver(device);
    await queueStudy(device, 'earlier', [100, 200], { queuedAt: 1 });
    await queueStudy(device, 'later', sizes, { queuedAt: 2 });
    await store.takeBack('earlier');
    await store.takeBack('later');
    assert.equal(await standing(device), expected);
  }
});

test('an instance that could no longer be read is not sent with the later one', async () => {
  const device = await cancelled([100, 200]);
  await nameStudy(device, 'again', [100, 200, 300], { queuedAt: 9 });
  const holds = async () => (await device.database.studies.get('again'))?.holds;
  assert.equal(await holds(), ['send 1']);
  await withdrawInstances(device.database, 'again', [1]);
  assert.equal(await holds(), []);
});

test.run();
