/** Removing from the list loses nothing that is finished, and many are paused in one step. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  openDevice,
  queueOver,
  queueStudy,
  receiptOf,
  sendAll,
  storeOver,
  type TestDevice,
} from '../../../testing/open-queue.ts';

const test = suite('removing a study from the list');

async function finish(device: TestDevice, id: string): Promise<void> {
  const instances = await queueStudy(device, id, [100]);
  const queue = queueOver(device);
  await sendAll(queue, id);
  await queue.settle(id, receiptOf(instances, 'stored'));
}

const rowOf = ({ database }: TestDevice, id: string) => database.studies.get(id);
const instancesOf = ({ database }: TestDevice, id: string) =>
  database.instances.where('studyId').equals(id).toArray();

test('a finished study is only hidden: it can be put back, with its label, its instances and its receipt', async () => {
  const device = await openDevice();
  using store = storeOver(device);
  await finish(device, 's');
  const before = await rowOf(device, 's');
  const instances = await instancesOf(device, 's');
  await store.dismiss('s');
  assert.is((await rowOf(device, 's'))?.removed, true);
  assert.is.not(await store.receiptOf('s'), null);
  await store.putBack('s');
  assert.equal(await rowOf(device, 's'), before);
  assert.equal(await instancesOf(device, 's'), instances);
  assert.is(instances.length, 1);
});

test('an interrupted study is deleted: choosing it again brings it back', async () => {
  const device = await openDevice();
  using store = storeOver(device);
  await queueStudy(device, 's', [100]);
  await device.database.studies.update('s', { waiting: 'interrupted', state: 'reading' });
  await store.dismiss('s');
  assert.is(await rowOf(device, 's'), undefined);
});

test('a study that is under way stays', async () => {
  const device = await openDevice();
  using store = storeOver(device);
  await queueStudy(device, 's', [100]);
  await store.dismiss('s');
  assert.is((await rowOf(device, 's'))?.removed, undefined);
});

test('several are paused and resumed at once, and the others are left alone', async () => {
  const device = await openDevice();
  using store = storeOver(device);
  for (const id of ['a', 'b', 'c']) await queueStudy(device, id, [100]);
  const paused = async () => (await device.database.studies.toArray()).map((row) => row.paused);
  await store.pause('a', 'c');
  assert.equal(await paused(), [true, false, true]);
  await store.resume('a', 'b', 'c');
  assert.equal(await paused(), [false, false, false]);
});

test.run();
