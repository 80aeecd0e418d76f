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
  answerOf,
  decisionTools,
  makeSealingKeys,
  nameStudy,
  OPEN_LOCKS,
  openDevice,
  openParcel,
  openSent,
  packOne,
  queueOver,
  queueStudy,
  receiptOf,
  receiptWith,
  storeOver,
} from '../../../testing/open-queue.ts';
import { failureOf } from '../../../testing/failure-of.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import type { InstanceKey } from '../upload-queue.ts';

const SHOWN = { title: null, label: null, heldStudy: null, rate: createRate(), at: 1 };

/** The calls to the gateway, as a list. */
function told() {
  const list: [string, readonly string[]][] = [];
  const note = (decision: string, own: readonly InstanceKey[]) =>
    void list.push([decision, valuesOf(own, 'digest')]);
  return {
    list,
    decide: async (_: string, decision: string, own: readonly InstanceKey[]) => note(decision, own),
    withdraw: async (_: string, own: readonly InstanceKey[]) => note('withdraw', own),
    locks: OPEN_LOCKS,
  };
}

test('an instance that the PACS refused stays on the device until a person decides', async () => {
  const { device, database, instances, queue, rowOf } = await openSent([100, 200]);
  await queue.settle('study', receiptOf(instances, 'stored', 'refused'));
  const { state, reasons } = await rowOf();
  assert.equal([state, reasons.refused], ['attention', [{ reason: 'pacs-refused', instances: 1 }]]);
  assert.equal(await database.parcels.toCollection().primaryKeys(), ['study-1']);
  using store = storeOver(device);
  await store.leaveOut('study');
  assert.equal([(await rowOf()).state, await database.records.count()], ['done', 0]);
});

test('an instance that the PACS refused is retried when a person asks, one refused for its structure is not', async () => {
  const { device, keys, instances, queue, rowOf } = await openSent([100, 200, 300]);
  const receipt = receiptOf(instances, 'stored', 'refused');
  await queue.settle(
    'study',
    receiptWith(receipt, (one, at) => (at === 2 ? { ...one, reason: 'truncated' } : one)),
  );
  const { list, ...gateway } = told();
  using store = storeOver(device, gateway);
  await store.retry('study');
  assert.equal(list, [['retry', [instances[1]!.digest]]]);
  assert.equal(valuesOf(await store.instancesOf('study'), 'state'), ['stored', 'safe', 'refused']);
  assert.equal((await rowOf()).reasons.refused, [{ reason: 'truncated', instances: 1 }]);
  assert.is((await queue.pending())[0]?.state, 'safe');
  const [parcel] = await Array.fromAsync(queue.parcelsFor('study', [instances[1]!]));
  assert.ok((await openParcel(parcel!, keys)).size > 200, 'its bytes are still here');
});

const CONFLICT = { state: 'quarantined', reason: 'conflicting-instance' } as const;

test('an instance that contradicts another one at a further destination is named with it, and tried again', async () => {
  const { device, instances, queue, rowOf } = await openSent([100, 200, 300]);
  const at = { name: 'archive', pacs: 'http://archive.test/dicom-web', need: 'required' } as const;
  // The destination says nothing of the last instance: the first destination did not take that.
  const destinations = [
    { ...at, instances: [{ state: 'stored' as const }, CONFLICT, { state: 'not-given' as const }] },
  ];
  const receipt = receiptOf(instances, 'stored', 'quarantined');
  await queue.settle(
    'study',
    receiptWith(receipt, (one, nth) => (nth === 0 ? one : { ...one, ...CONFLICT }), { destinations }),
  );
  const { list, ...gateway } = told();
  using store = storeOver(device, gateway);
  const of = { cause: 'quarantined' as const, reason: CONFLICT.reason, instances: 1 };
  assert.equal(countStudy(await rowOf()).needs, [{ ...of, destination: 'archive' }, of]);
  await store.retry('study');
  assert.equal(list, [['retry', [instances[1]!.digest, instances[2]!.digest]]]);
});

test('a receipt without all of it at a destination that was given up is kept in sight', async () => {
  const { instances, queue, rowOf } = await openSent([100, 200]);
  const givenUpAt = '2026-11-25T00:00:00.000Z';
  const at = { pacs: 'http://archive.test/dicom-web', need: 'required', givenUpAt } as const;
  const { digest } = instances[0]!;
  const destinations = [
    { ...at, name: 'archive' },
    { ...at, name: 'also', need: 'also' as const },
    { ...at, name: 'whole', instances: instances.map(() => ({ state: 'stored' as const, digest })) },
  ];
  await queue.settle(
    'study',
    receiptWith(receiptOf(instances, 'stored'), (one) => one, { destinations }),
  );
  assert.equal((await rowOf()).givenUpAt, ['archive']);
});

test('an instance that somebody left out at a further destination alone is in the PACS, which names that one', async () => {
  const { instances, queue, rowOf } = await openSent([100, 200]);
  const [first, second] = receiptOf(instances, 'left-out', 'stored').receipt.instances;
  const there = [{ state: first!.state }, { state: second!.state, digest: second!.digest }] as const;
  const at = { name: 'night', pacs: 'dimse://night', need: 'required' as const };
  const destinations = [{ ...at, instances: [...there] }];
  const receipt = receiptOf(instances, 'left-out', 'stored');
  await queue.settle(
    'study',
    receiptWith(receipt, (one) => ({ ...one, proof: 'digest' }), { destinations }),
  );
  const row = await rowOf();
  const { track, needs } = countStudy(row);
  assert.equal([row.state, row.givenUpAt, track.inPacs, track.leftOut, needs], ['done', ['night'], 2, 0, []]);
});

test('instances that contradict others in the PACS stay with their person until the gateway tries them again, or they are left out', async () => {
  const { device, database, instances, queue, rowOf } = await openSent([100, 200, 300]);
  const receipt = receiptWith(receiptOf(instances, 'stored', 'quarantined'), (one, at) =>
    at === 0 ? one : { ...one, ...CONFLICT },
  );
  await queue.settle('study', receipt);
  const { list, ...gateway } = told();
  using store = storeOver(device, gateway);
  const needs = async () => countStudy(await rowOf()).needs;
  const conflicts = [{ cause: 'quarantined' as const, reason: CONFLICT.reason, instances: 2 }];
  // However the study came back on its way, the decision is still there.
  await database.studies.update('study', { state: 'at-gateway' });
  assert.equal(await needs(), conflicts);
  await store.retry('study');
  assert.equal(await needs(), conflicts, 'another receipt comes first');
  await database.studies.update('study', { state: 'attention' });
  await store.retry('study');
  assert.equal(await needs(), []);
  await queue.settle('study', receipt);
  assert.equal(await needs(), conflicts, 'the other ones are still there');
  await store.leaveOut('study');
  const said = list.map(([decision, own]) => `${decision} ${own.length}`);
  assert.equal([said, await needs()], [['retry 2', 'leave-out 2'], []]);
});

test('removing a failed study from the list also withdraws it at the gateway, except instances that another study here still sends', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'failed', [100, 200]);
  await queueStudy(device, 'other', [100]);
  const queue = queueOver(device);
  await queue.announced('failed', answerOf());
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
  for (const id of ['early', 'late']) await queueStudy(device, id, [100]);
  const [packing] = await nameStudy(device, 'packing', [100, 200]);
  await packOne(device, await makeSealingKeys(), 'packing', packing!);
  const queue = queueOver(device);
  await queue.beginSending('late');
  using store = storeOver(device);
  const taken = [
    await store.takeBack('early'),
    await store.takeBack('packing'),
    await store.takeBack('late'),
  ];
  assert.equal(taken, [true, true, false]);
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
  const { database } = device;
  const [first, ...need] = await queueStudy(device, 'study', [100, 200, 300]);
  const queue = queueOver(device);
  await queue.announced('study', answerOf({ have: [{ ...first!, inPacs: true }], need }));
  await queue.beginSending('study');
  await queue.parcelSent('study', 'study-1');
  const { list, ...gateway } = told();
  using store = storeOver(device, gateway);
  await store.cancel('study');
  assert.equal(list, [['leave-out', valuesOf(need, 'digest')]]);
  const { state, title } = (await database.studies.get('study'))!;
  const rows = [await database.records.count(), await database.instances.count()];
  assert.equal([state, title, rows], ['taken-back', null, [0, 0]]);
  assert.equal(await queue.pending(), []);
});

async function underWay(device = openDevice(), id = 'study', bytes = 100) {
  const opened = await device;
  const instances = await queueStudy(opened, id, [bytes]);
  const queue = queueOver(opened);
  await queue.announced(id, answerOf({ uploadId: `of ${id}`, need: instances }));
  await queue.beginSending(id);
  const rowOf = async () => (await opened.database.studies.get(id))!;
  return { device: opened, instances, queue, rowOf };
}

test('nothing more of a cancelled study leaves while the gateway has not answered yet', async () => {
  const { device, queue, rowOf } = await underWay();
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const decide = () => {
    asked.resolve();
    return answered.promise;
  };
  using store = storeOver(device, { decide });
  const over = store.cancel('study');
  await asked.promise;
  const row = await rowOf();
  const { cancelling, canCancel } = showStudy(row, SHOWN);
  assert.equal([row.state, cancelling, canCancel, countSafe(row)], ['uploading', true, false, 0]);
  assert.equal(await queue.pending(), []);
  answered.resolve();
  await over;
  const after = await rowOf();
  assert.equal([after.state, after.cancelling], ['taken-back', undefined]);
});

test('while the gateway refuses, nothing is cancelled and nothing deleted', async () => {
  const { device, queue, rowOf } = await underWay();
  using store = storeOver(device, { decide: () => Promise.reject(new Error('no answer')) });
  await failureOf(store.cancel('study'));
  const { state, cancelling, paused } = await rowOf();
  assert.equal([state, cancelling, paused], ['uploading', undefined, false]);
  assert.equal(
    [await device.database.records.count(), (await queue.pending()).length],
    [1, 1],
    'sent as before',
  );
  await store.pause('study');
  await failureOf(store.cancel('study'));
  assert.equal(await queue.pending(), [], 'a person has paused it');
});

test('studies cancelled without a link stay cancelled where the gateway then refuses, each asked for', async () => {
  const { device, queue } = await underWay();
  await underWay(Promise.resolve(device), 'another', 101);
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
  await failureOf(store.cancel('study'));
  const rows = await device.database.studies.toArray();
  assert.ok(rows.length === 2 && rows.every(({ cancelling, paused }) => cancelling && paused));
  assert.equal(await queue.pending(), [], 'nothing of them is sent');
});

test('a study cancelled without a link stays cancelled after a reload, and the gateway is told once there is one', async () => {
  const { device, instances, queue, rowOf } = await underWay();
  const decide = () => Promise.reject(new Unreachable('offline'));
  const isOnline = signal(false);
  const before = storeOver(device, { decide, isOnline });
  await before.cancel('study');
  before.close();
  assert.equal(await queue.pending(), [], 'nothing more of it leaves');
  const { list, ...gateway } = told();
  const { promise: isOver, resolve: wake } = Promise.withResolvers<void>();
  using _after = storeOver(device, { ...gateway, isOnline, wake });
  const { state, paused, cancelling } = await rowOf();
  assert.equal([state, paused, cancelling, list], ['uploading', true, true, []]);
  isOnline.value = true;
  await isOver;
  assert.equal([list, (await rowOf()).state], [[['leave-out', [instances[0]!.digest]]], 'taken-back']);
});

test('a study given up midway leaves the queue, a cancelled one stays in the list, and the gateway is told which instances will not come', async () => {
  for (const [why, expected, ended] of [
    ['cancelled', 'leave-out', ['taken-back 1']],
    ['failed', 'withdraw', []],
  ] as const) {
    const device = await openDevice();
    const need = await nameStudy(device, 'study', [100]);
    await queueOver(device).announced('study', answerOf({ need }));
    await queueOver(device).beginSending('study');
    const { list, ...gateway } = told();
    await giveUpStudy(decisionTools(device, gateway), 'study', why);
    assert.equal(list, [[expected, [need[0]!.digest]]], why);
    const rows = await device.database.studies.toArray();
    assert.equal(
      rows.map(({ state, completedAt }) => `${state} ${completedAt}`),
      [...ended],
      why,
    );
    assert.is(await device.database.instances.count(), 0, why);
  }
});

test('a person reorders studies, pauses one and sends one first; triage orders the rest', async () => {
  const device = await openDevice();
  for (const [at, id] of ['a', 'b', 'c', 'd'].entries())
    await queueStudy(device, id, [100], { queuedAt: at });
  const queue = queueOver(device);
  let woken = 0;
  using store = storeOver(device, { wake: () => (woken += 1) });
  const isOrder = async (expected: string, message?: string) =>
    assert.is(valuesOf(await queue.pending(), 'id').join(''), expected, message);
  const said = { models: [], runtime: 'a runtime', population: 'inside' as const, film: [] };
  const triaged = (id: string, position: number, score: number) =>
    noteTriage(device.database, id, { said: new Map([[position, { ...said, score, first: score > 0.5 }]]) });
  await isOrder('abcd');
  await triaged('b', 0, 0.1);
  await isOrder('abcd', 'a score below the threshold keeps its place');
  await triaged('b', 7, 0.9);
  await isOrder('abcd', 'a score for an image outside the study puts nothing first');
  await triaged('c', 0, 0.9);
  await isOrder('cabd');
  await store.move('d', 1);
  await isOrder('cdab');
  await store.pause('c');
  await isOrder('dab');
  await store.sendFirst('b');
  await isOrder('bda');
  await store.resume('c');
  await isOrder('bcda');
  assert.is(woken, 4);
});

test.run();
