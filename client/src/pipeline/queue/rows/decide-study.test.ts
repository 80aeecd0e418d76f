/** A person's decisions about a queued study, and what the gateway is told of them. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Unreachable } from '../../../net/api-client.ts';
import { countStudy } from '../count-study.ts';
import { createRate } from '../rate.ts';
import { countSafe, showStudy } from '../show-study.ts';
import { giveUpStudy } from './end-study.ts';
import { noteTriage } from './note-triage.ts';
import {
  makeSealingKeys,
  nameStudy,
  OPEN_LOCKS,
  openDevice,
  openParcel,
  packOne,
  queueOver,
  queueStudy,
  receiptOf,
  storeOver,
  STUDY,
  type TestDevice,
} from '../../../testing/open-queue.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import type { InstanceKey } from '../upload-queue.ts';

const SHOWN = { title: null, label: null, heldStudy: null, rate: createRate(), at: 1 };
const answer = { uploadId: 'u1', studyInstanceUID: STUDY, revision: 1, have: [], need: [], conflict: [] };

/** The calls to the gateway, as a list. */
function told() {
  const list: [string, readonly string[]][] = [];
  return {
    list,
    decide: async (_: string, decision: string, own: readonly InstanceKey[]) =>
      void list.push([decision, own.map(({ digest }) => digest)]),
    withdraw: async (_: string, own: readonly InstanceKey[]) =>
      void list.push(['withdraw', own.map(({ digest }) => digest)]),
    locks: OPEN_LOCKS,
  };
}

test('an instance that the PACS refused stays on the device until a person decides', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200]);
  const queue = queueOver(device);
  await queue.beginSending('study');
  await queue.allSent('study');
  await queue.settle('study', receiptOf(instances, 'stored', 'refused'));
  const study = await device.database.studies.get('study');
  assert.equal(
    [study?.state, study?.reasons.refused],
    ['attention', [{ reason: 'pacs-refused', instances: 1 }]],
  );
  assert.equal(await device.database.parcels.toCollection().primaryKeys(), ['study-1']);

  using store = storeOver(device);
  await store.leaveOut('study');
  assert.is((await device.database.studies.get('study'))?.state, 'done');
  assert.is(await device.database.records.count(), 0);
});

test('an instance that the PACS refused is retried when a person asks, one refused for its structure is not', async () => {
  const device = await openDevice();
  const keys = await makeSealingKeys();
  const instances = await queueStudy(device, 'study', [100, 200, 300], { keys });
  const queue = queueOver(device);
  await queue.announced('study', answer);
  await queue.beginSending('study');
  await queue.allSent('study');
  const { jws, receipt } = receiptOf(instances, 'stored', 'refused');
  const named = receipt.instances.map((instance, at) =>
    at === 2 ? { ...instance, reason: 'truncated' as const } : instance,
  );
  await queue.settle('study', { jws, receipt: { ...receipt, instances: named } });
  const { list, ...gateway } = told();
  using store = storeOver(device, gateway);
  await store.retry('study');
  assert.equal(list, [['retry', [instances[1]!.digest]]]);
  assert.equal(valuesOf(await store.instancesOf('study'), 'state'), ['stored', 'safe', 'refused']);
  assert.equal((await device.database.studies.get('study'))?.reasons.refused, [
    { reason: 'truncated', instances: 1 },
  ]);
  assert.is((await queue.pending())[0]?.state, 'safe');
  const [parcel] = await Array.fromAsync(queue.parcelsFor('study', [instances[1]!]));
  assert.ok((await openParcel(parcel!, keys)).size > 200, 'its bytes are still here');
});

test('an instance that contradicts another one at a further destination is named with it, and tried again', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200, 300]);
  const queue = queueOver(device);
  await queue.announced('study', answer);
  await queue.beginSending('study');
  await queue.allSent('study');
  const { jws, receipt } = receiptOf(instances, 'stored', 'quarantined');
  const conflict = { state: 'quarantined', reason: 'conflicting-instance' } as const;
  const named = receipt.instances.map((one, at) => (at === 0 ? one : { ...one, ...conflict }));
  const at = { name: 'archive', pacs: 'http://archive.test/dicom-web', need: 'required' } as const;
  // Of the last one it says nothing: the first destination did not take that.
  const there = [{ state: 'stored' }, conflict, { state: 'not-given' }] as const;
  const destinations = [{ ...at, instances: [...there] }];
  await queue.settle('study', { jws, receipt: { ...receipt, instances: named, destinations } });
  const { list, ...gateway } = told();
  using store = storeOver(device, gateway);
  const { needs } = countStudy((await device.database.studies.get('study'))!);
  const of = { cause: 'quarantined' as const, reason: conflict.reason, instances: 1 };
  assert.equal(needs, [{ ...of, destination: 'archive' }, of]);
  await store.retry('study');
  assert.equal(list, [['retry', [instances[1]!.digest, instances[2]!.digest]]]);
});

test('a receipt without all of it at a destination that was given up is kept in sight', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200]);
  const queue = queueOver(device);
  await queue.beginSending('study');
  await queue.allSent('study');
  const { jws, receipt } = receiptOf(instances, 'stored');
  const pacs = 'http://archive.test/dicom-web';
  const at = { pacs, need: 'required', givenUpAt: '2026-11-25T00:00:00.000Z' } as const;
  const { digest } = instances[0]!;
  const destinations = [
    { ...at, name: 'archive' },
    { ...at, name: 'also', need: 'also' as const },
    { ...at, name: 'whole', instances: instances.map(() => ({ state: 'stored' as const, digest })) },
  ];
  await queue.settle('study', { jws, receipt: { ...receipt, destinations } });
  assert.equal((await device.database.studies.get('study'))?.givenUpAt, ['archive']);
});

test('an instance that somebody left out at a further destination alone is in the PACS, which names that one', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200]);
  const queue = queueOver(device);
  await queue.beginSending('study');
  await queue.allSent('study');
  const { jws, receipt } = receiptOf(instances, 'left-out', 'stored');
  const named = receipt.instances.map((one) => ({ ...one, proof: 'digest' as const }));
  const there = named.map(({ digest, state }) =>
    state === 'stored' ? { state, digest } : { state: 'left-out' as const },
  );
  const night = { name: 'night', pacs: 'dimse://night', need: 'required' as const, instances: there };
  await queue.settle('study', { jws, receipt: { ...receipt, instances: named, destinations: [night] } });
  const row = (await device.database.studies.get('study'))!;
  const { track, needs } = countStudy(row);
  assert.equal([row.state, row.givenUpAt, track.inPacs, track.leftOut, needs], ['done', ['night'], 2, 0, []]);
});

test('instances that contradict others in the PACS stay with their person until the gateway tries them again, or they are left out', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200, 300]);
  const queue = queueOver(device);
  await queue.announced('study', answer);
  await queue.beginSending('study');
  await queue.allSent('study');
  const { jws, receipt } = receiptOf(instances, 'stored', 'quarantined');
  const reason = 'conflicting-instance' as const;
  const named = receipt.instances.map((one, at) => (at === 0 ? one : { ...one, reason }));
  await queue.settle('study', { jws, receipt: { ...receipt, instances: named } });
  const { list, ...gateway } = told();
  using store = storeOver(device, gateway);
  const needs = async () => countStudy((await device.database.studies.get('study'))!).needs;
  const conflicts = [{ cause: 'quarantined' as const, reason, instances: 2 }];
  // However the study came back on its way, the decision is still there.
  await device.database.studies.update('study', { state: 'at-gateway' });
  assert.equal(await needs(), conflicts);
  await store.retry('study');
  assert.equal(await needs(), conflicts, 'another receipt comes first');
  await device.database.studies.update('study', { state: 'attention' });
  await store.retry('study');
  assert.equal(await needs(), []);
  await queue.settle('study', { jws, receipt: { ...receipt, instances: named } });
  assert.equal(await needs(), conflicts, 'the other ones are still there');
  await store.leaveOut('study');
  assert.equal(
    [list.map(([decision, own]) => [decision, own.length]), await needs()],
    [
      [
        ['retry', 2],
        ['leave-out', 2],
      ],
      [],
    ],
  );
});

test('removing a failed study from the list also withdraws it at the gateway, except instances that another study here still sends', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'failed', [100, 200]);
  await queueStudy(device, 'other', [100]);
  const queue = queueOver(device);
  await queue.announced('failed', answer);
  await queue.beginSending('failed');
  await queue.refused('failed', 'policy-not-allowed');
  const { list, ...gateway } = told();
  using store = storeOver(device, gateway);
  await store.dismiss('failed');
  assert.equal(list, [['withdraw', [instances[1]!.digest]]]);
  assert.equal(valuesOf(await device.database.parcels.toArray(), 'studyId'), ['other']);
});

test('a study can be taken back until its first byte has left, even while it is still being packed', async () => {
  const device = await openDevice();
  await queueStudy(device, 'early', [100]);
  await queueStudy(device, 'late', [100]);
  const [packing] = await nameStudy(device, 'packing', [100, 200]);
  await packOne(device, await makeSealingKeys(), 'packing', packing!);
  const queue = queueOver(device);
  await queue.beginSending('late');
  using store = storeOver(device);
  assert.ok(await store.takeBack('early'));
  assert.ok(await store.takeBack('packing'));
  assert.not(await store.takeBack('late'));
  assert.not(await queue.beginSending('early'));
  assert.equal(valuesOf(await device.database.records.toArray(), 'parcelId'), ['late-0']);
});

test('a study that is over waits for nothing and needs nobody, whatever is noted of it late', async () => {
  const device = await openDevice();
  await queueStudy(device, 'study', [100]);
  using store = storeOver(device);
  assert.ok(await store.takeBack('study'));
  const queue = queueOver(device);
  await queue.troubled('study', 'copy-unreadable');
  await queue.waiting('study', 'offline');
  const { trouble, waiting } = (await device.database.studies.get('study'))!;
  assert.equal([trouble, waiting], [null, null]);
});

test('cancelling midway leaves the study out at the gateway, then deletes its copy; instances in the PACS stay there', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200, 300]);
  const queue = queueOver(device);
  await queue.announced('study', {
    ...answer,
    have: [{ ...instances[0]!, inPacs: true }],
    need: instances.slice(1),
  });
  await queue.beginSending('study');
  await queue.parcelSent('study', 'study-1');
  const { list, ...gateway } = told();
  using store = storeOver(device, gateway);
  await store.cancel('study');
  assert.equal(list, [['leave-out', [instances[1]!.digest, instances[2]!.digest]]]);
  const study = await device.database.studies.get('study');
  assert.equal(
    [
      study?.state,
      study?.title,
      await device.database.records.count(),
      await device.database.instances.count(),
    ],
    ['taken-back', null, 0, 0],
  );
  assert.equal(await queue.pending(), []);
});

async function queueUnderWay(device: TestDevice, id = 'study', bytes = 100) {
  const instances = await queueStudy(device, id, [bytes]);
  const queue = queueOver(device);
  await queue.announced(id, { ...answer, uploadId: `of ${id}`, need: instances });
  await queue.beginSending(id);
  return { instances, queue };
}

/** Once the gateway has refused it, or once the session has ended. */
const assertRefused = (cancelling: Promise<void>): Promise<void> =>
  cancelling.then(
    () => assert.unreachable(),
    () => undefined,
  );

test('nothing more of a cancelled study leaves while the gateway has not answered yet', async () => {
  const device = await openDevice();
  const { queue } = await queueUnderWay(device);
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const decide = () => {
    asked.resolve();
    return answered.promise;
  };
  using store = storeOver(device, { decide });
  const over = store.cancel('study');
  await asked.promise;
  const row = (await device.database.studies.get('study'))!;
  const { cancelling, canCancel } = showStudy(row, SHOWN);
  assert.equal([row.state, cancelling, canCancel, countSafe(row)], ['uploading', true, false, 0]);
  assert.equal(await queue.pending(), []);
  answered.resolve();
  await over;
  const after = (await device.database.studies.get('study'))!;
  assert.equal([after.state, after.cancelling], ['taken-back', undefined]);
});

test('while the gateway refuses, nothing is cancelled and nothing deleted', async () => {
  const device = await openDevice();
  const { queue } = await queueUnderWay(device);
  using store = storeOver(device, { decide: () => Promise.reject(new Error('no answer')) });
  await assertRefused(store.cancel('study'));
  const { state, cancelling, paused } = (await device.database.studies.get('study'))!;
  assert.equal(
    [state, cancelling, paused, await device.database.records.count()],
    ['uploading', undefined, false, 1],
  );
  assert.is((await queue.pending()).length, 1, 'it is sent as before');
  await store.pause('study');
  await assertRefused(store.cancel('study'));
  assert.equal(await queue.pending(), [], 'a person has paused it');
});

test('studies cancelled without a link stay cancelled where the gateway then refuses, each asked for', async () => {
  const device = await openDevice();
  const { queue } = await queueUnderWay(device);
  await queueUnderWay(device, 'another', 101);
  const isOnline = signal(false);
  const asked: string[] = [];
  const areAsked = Promise.withResolvers<void>();
  const decide = (uploadId: string): Promise<void> => {
    if (!isOnline.peek()) return Promise.reject(new Unreachable('offline'));
    asked.push(uploadId);
    if (asked.length === 2) areAsked.resolve();
    return Promise.reject(new Error('the session has ended'));
  };
  using store = storeOver(device, { decide, isOnline });
  await store.cancel('study');
  await store.cancel('another');
  isOnline.value = true;
  await areAsked.promise;
  await assertRefused(store.cancel('study'));
  const rows = await device.database.studies.toArray();
  assert.equal(valuesOf(rows, 'cancelling', 'paused'), [
    [true, true],
    [true, true],
  ]);
  assert.equal(await queue.pending(), [], 'nothing of them is sent');
});

test('a study cancelled without a link stays cancelled after a reload, and the gateway is told once there is one', async () => {
  const device = await openDevice();
  const { instances, queue } = await queueUnderWay(device);
  const decide = () => Promise.reject(new Unreachable('offline'));
  const isOnline = signal(false);
  const before = storeOver(device, { decide, isOnline });
  await before.cancel('study');
  before.close();
  assert.equal(await queue.pending(), [], 'nothing more of it leaves');
  const { list, ...gateway } = told();
  const { promise: isOver, resolve: wake } = Promise.withResolvers<void>();
  using _after = storeOver(device, { ...gateway, isOnline, wake });
  const row = await device.database.studies.get('study');
  assert.equal([row?.state, row?.paused, row?.cancelling, list], ['uploading', true, true, []]);
  isOnline.value = true;
  await isOver;
  assert.equal(list, [['leave-out', [instances[0]!.digest]]]);
  assert.is((await device.database.studies.get('study'))?.state, 'taken-back');
});

test('a study cancelled without a link is sent after all once a person resumes it', async () => {
  const device = await openDevice();
  const { queue } = await queueUnderWay(device);
  using store = storeOver(device, { decide: () => Promise.reject(new Unreachable('offline')) });
  await store.cancel('study');
  await store.resume('study');
  assert.is((await device.database.studies.get('study'))?.cancelling, undefined);
  assert.equal(valuesOf(await queue.pending(), 'id'), ['study']);
});

test('a study given up midway leaves the queue, a cancelled one stays in the list, and the gateway is told which instances will not come', async () => {
  for (const [why, expected] of [
    ['cancelled', 'leave-out'],
    ['failed', 'withdraw'],
  ] as const) {
    const device = await openDevice();
    const instances = await nameStudy(device, 'study', [100]);
    await queueOver(device).announced('study', { ...answer, need: instances });
    await queueOver(device).beginSending('study');
    const { list, ...gateway } = told();
    await giveUpStudy(
      {
        ...gateway,
        database: device.database,
        isOnline: signal(true),
        now: () => 1,
        wake: () => undefined,
        later: () => undefined,
      },
      'study',
      why,
    );
    assert.equal(list, [[expected, [instances[0]!.digest]]]);
    const rows = await device.database.studies.toArray();
    assert.equal(valuesOf(rows, 'state', 'completedAt'), why === 'cancelled' ? [['taken-back', 1]] : []);
    assert.is(await device.database.instances.count(), 0);
  }
});

test('a person reorders studies, pauses one and sends one first; triage orders the rest', async () => {
  const device = await openDevice();
  for (const [at, id] of ['a', 'b', 'c', 'd'].entries())
    await queueStudy(device, id, [100], { queuedAt: at });
  const queue = queueOver(device);
  const order = async () => (await queue.pending()).map(({ id }) => id).join('');
  let woken = 0;
  using store = storeOver(device, { wake: () => (woken += 1) });
  assert.is(await order(), 'abcd');
  const said = { models: [], runtime: 'a runtime', population: 'inside' as const, film: [] };
  await noteTriage(device.database, 'b', { said: new Map([[0, { ...said, score: 0.1, first: false }]]) });
  assert.is(await order(), 'abcd', 'a score below the threshold keeps its place');
  await noteTriage(device.database, 'b', { said: new Map([[7, { ...said, score: 0.9, first: true }]]) });
  assert.is(await order(), 'abcd', 'a score for an image outside the study puts nothing first');
  await noteTriage(device.database, 'c', { said: new Map([[0, { ...said, score: 0.9, first: true }]]) });
  assert.is(await order(), 'cabd');
  await store.move('d', 1);
  assert.is(await order(), 'cdab');
  await store.pause('c');
  assert.is(await order(), 'dab');
  await store.sendFirst('b');
  assert.is(await order(), 'bda');
  await store.resume('c');
  assert.is(await order(), 'bcda');
  assert.is(woken, 4);
});

test.run();
