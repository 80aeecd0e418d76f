/** A page that dies while it writes, at each step. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { clearInterrupted } from './drop-study.ts';
import { beginStudy, finishNaming, nameInstances, StudyGone, withdrawInstances } from './name-study.ts';
import {
  answerOf,
  makeSealingKeys,
  nameStudy,
  openDevice,
  packOne,
  POLICY,
  prepareInstance,
  queueOver,
  queueStudy,
  TITLE,
  type TestDevice,
  type TestKeys,
} from '../../../testing/open-queue.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import { failureOf } from '../../../testing/failure-of.ts';
import { finishPacking } from './finish-packing.ts';
import { storeParcel } from './store-parcel.ts';
import type { InstanceKey } from '../upload-queue.ts';

const nobody = async () => false;
const answer = answerOf();
const idsIn = async ({ studies }: TestDevice['database']) => valuesOf(await studies.toArray(), 'id').sort();

async function counts({ database }: TestDevice): Promise<number[]> {
  return [await database.studies.count(), await database.parcels.count(), await database.records.count()];
}

const BEGUN = {
  ...{ id: 'study', queuedAt: 1, account: 'a', policy: POLICY, title: TITLE, chosen: 1 },
  about: { modalities: [], series: 1 },
};

/** The steps of writing a study after which the page may die. */
const STEPS: readonly [string, (device: TestDevice, keys: TestKeys) => Promise<unknown>][] = [
  ['before the first name', ({ database, key }) => beginStudy(database, key, BEGUN)],
  ['named', (device) => nameStudy(device, 'study', [100, 200])],
  [
    'packed in part',
    async (device, keys) =>
      packOne(device, keys, 'study', (await nameStudy(device, 'study', [100, 200]))[0]!),
  ],
  [
    'packed, but not finished',
    async (device, keys) => {
      for (const instance of await nameStudy(device, 'study', [100, 200]))
        await packOne(device, keys, 'study', instance);
    },
  ],
  [
    'with a parcel on its way',
    async (device, keys) => {
      const [first] = await nameStudy(device, 'study', [100, 200]);
      await queueOver(device).announced('study', answer);
      await queueOver(device).beginSending('study');
      await packOne(device, keys, 'study', first!);
      await queueOver(device).parcelSent('study', 'study-0');
    },
  ],
];

test('starting a page does not touch a study that is safe', async () => {
  const device = await openDevice();
  await queueStudy(device, 'study', [100]);
  await clearInterrupted(device.database, nobody);
  assert.equal(await counts(device), [1, 1, 1]);
});

test('a page that dies while naming, or between parcels, leaves a study marked interrupted and no copies', async () => {
  const keys = await makeSealingKeys();
  for (const [when, step] of STEPS) {
    const device = await openDevice();
    await queueStudy(device, 'other', [300], { keys });
    await step(device, keys);
    // After a kill without cleanup: records of a parcel that was never finished.
    await device.database.records.put({ parcelId: 'orphan', position: 0, sealed: new Uint8Array(3) });

    const again = await openDevice(device.factory);
    await clearInterrupted(again.database, async () => true);
    const rowOf = async () => (await again.database.studies.get('study'))!;
    assert.is((await rowOf()).waiting, null, `another tab is still writing it: ${when}`);
    await clearInterrupted(again.database, nobody);
    const { waiting, state, instances } = await rowOf();
    assert.equal([waiting, state, instances], ['interrupted', 'reading', 0], when);
    assert.equal(await counts(again), [2, 1, 1], when);
    assert.equal(
      valuesOf(await queueOver(again).pending(), 'id'),
      ['other'],
      `${when}: the other study continues`,
    );
  }
});

test('a writer of a study that was interrupted, taken back or finished stops', async () => {
  const keys = await makeSealingKeys();
  for (const change of [{ waiting: 'interrupted' }, { state: 'taken-back' }, { state: 'done' }] as const) {
    const device = await openDevice();
    const [instance] = await nameStudy(device, 'study', [100]);
    await device.database.studies.update('study', change);
    assert.instance(await failureOf(packOne(device, keys, 'study', instance!)), StudyGone);
    assert.instance(await failureOf(finishPacking(device.database, 'study')), StudyGone);
    assert.equal(await counts(device), [1, 0, 0]);
  }
});

test('a parcel given up midway leaves no record', async () => {
  const device = await openDevice();
  await nameStudy(device, 'study', [100]);
  const abort = new AbortController();
  const large = await prepareInstance(0, 40 * 1024 * 1024);
  const writing = storeParcel(
    device.database,
    (await makeSealingKeys()).sealingKey,
    { id: 'large', studyId: 'study', instances: [large] },
    abort.signal,
  );
  abort.abort();
  await failureOf(writing);
  assert.equal(await counts(device), [1, 0, 0]);
});

test('packing a complete parcel again fails and leaves its records alone', async () => {
  const device = await openDevice();
  const [instance] = await nameStudy(device, 'study', [100]);
  const keys = await makeSealingKeys();
  await packOne(device, keys, 'study', instance!);
  assert.is((await failureOf(packOne(device, keys, 'study', instance!))).name, 'ConstraintError');
  assert.equal(await counts(device), [1, 1, 1]);
});

test('an uploader still at work cannot make an interrupted study look healthy', async () => {
  const device = await openDevice();
  await nameStudy(device, 'study', [100]);
  await clearInterrupted(device.database, nobody);
  const queue = queueOver(device);
  await queue.waiting('study', null);
  await queue.troubled('study', 'unexpected');
  assert.not(await queue.announced('study', answer));
  assert.not(await queue.beginSending('study'));
  const { waiting, trouble } = (await device.database.studies.get('study'))!;
  assert.equal([waiting, trouble], ['interrupted', null]);
});

test('choosing an interrupted study again gives one study, and withdraws promised instances that are not in the new choice', async () => {
  const device = await openDevice();
  const keys = await makeSealingKeys();
  const instances = await nameStudy(device, 'cut', [100, 200, 300]);
  await queueOver(device).announced('cut', { ...answer, need: instances });
  await clearInterrupted(device.database, nobody);

  const { database, key } = device;
  await beginStudy(database, key, { ...BEGUN, id: 'again', queuedAt: 2 });
  const chosen = instances.slice(0, 2);
  await nameInstances(
    database,
    'again',
    chosen.map(({ bytes, originalDigest: _, ...instance }) => ({ ...instance, bytes: sizeOf(bytes) })),
  );
  await finishNaming(database, 'again');
  assert.equal(await idsIn(database), ['again']);

  const told: InstanceKey[] = [];
  const queue = queueOver(device, {
    decide: async (_, decision, own) => void (decision === 'take-back' && told.push(...own)),
  });
  // The gateway has the instances that arrived before the page was closed.
  await queue.announced('again', { ...answer, have: [chosen[0]!], need: [chosen[1]!] });
  assert.equal(valuesOf(told, 'digest'), [instances[2]!.digest]);
  assert.is(await database.withdrawals.count(), 0, 'told once');
  for (const instance of chosen) await packOne(device, keys, 'again', instance);
  assert.equal(
    valuesOf(await Array.fromAsync(queue.parcelsFor('again', [chosen[1]!])), 'id'),
    ['again-1'],
    'arrived instances are not sent twice',
  );
});

test('a withdrawal that did not reach the gateway is repeated', async () => {
  const device = await openDevice();
  const [, second] = await nameStudy(device, 'study', [100, 200]);
  await withdrawInstances(device.database, 'study', [1]);
  const deaf = queueOver(device, { decide: () => Promise.reject(new Error('no answer')) });
  await failureOf(deaf.announced('study', answer));
  const told: InstanceKey[] = [];
  const queue = queueOver(device, { decide: async (_, __, own) => void told.push(...own) });
  await queue.announced('study', answer);
  assert.equal(valuesOf(told, 'digest'), [second!.digest]);
  const study = await device.database.studies.get('study');
  assert.equal([study?.instances, study?.bytes, study?.turn], [1, 100, 1]);
});

test('choosing the files of a failed study again replaces it; a study with a readable part is replaced only by all of its files', async () => {
  const device = await openDevice();
  const keys = await makeSealingKeys();
  await queueStudy(device, 'failed', [100], { keys });
  await device.database.studies.update('failed', { state: 'failed', problem: 'policy-withdrawn' });
  await queueStudy(device, 'torn', [100, 200], { keys });
  await device.database.studies.update('torn', { trouble: 'copy-unreadable' });
  await queueStudy(device, 'of-b', [100], { keys, account: 'b' });
  await device.database.studies.update('of-b', { trouble: 'copy-unreadable' });
  await nameStudy(device, 'part', [100]);
  assert.equal(await idsIn(device.database), ['of-b', 'part', 'torn']);
  await nameStudy(device, 'whole', [100, 200]);
  assert.equal(await idsIn(device.database), ['of-b', 'part', 'whole']);
});

test.run();
