import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256OfBlob } from '#shared/transfer/digest.ts';
import { blobSource } from '#shared/dicom/byte-source.ts';
import { readParcel } from '#shared/transfer/parcel.ts';
import { deviceKey, open } from './device-key.ts';
import { interruptStudy } from './drop-study.ts';
import {
  answerOf,
  makeSealingKeys,
  nameStudy,
  onDisk,
  openDevice,
  openParcel,
  openSent,
  packOne,
  queueOver,
  queueStudy,
  receiptOf,
  receiptWith,
  storeOver,
  STUDY,
} from '../../../testing/open-queue.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import { failureOf } from '../../../testing/failure-of.ts';
import { finishPacking } from './finish-packing.ts';
import { UNSEEN_FILMS_LIMIT } from './build-manifest.ts';
import { countStudy } from '../count-study.ts';
import { CopyUnreadable, type InstanceKey, type ParcelToSend, type UploadQueue } from '../upload-queue.ts';

const UPLOAD_STATUS = {
  ...{ uploadId: STUDY, studyInstanceUID: STUDY, state: 'forwarded' as const, revision: 1 },
  ...{ policy: 'identified', waiting: null, receipt: null },
};
const idsOf = async (queue: UploadQueue) => valuesOf(await queue.pending(), 'id');
const given = (queue: UploadQueue, need: readonly InstanceKey[]) =>
  Array.fromAsync<ParcelToSend>(queue.parcelsFor('study', need));

test('the gateway opens a queued study bit for bit, even after the page was reopened', async () => {
  const keys = await makeSealingKeys();
  const first = await openDevice();
  const instances = await queueStudy(first, 'study', [100, 3_500_000, 2 * 1024 * 1024], { keys });
  first.database.close();

  const queue = queueOver(await openDevice(first.factory));
  assert.equal(valuesOf(await queue.pending(), 'id', 'state'), [['study', 'safe']]);
  const manifest = await queue.manifestOf('study');
  assert.equal(valuesOf(manifest.instances, 'digest'), valuesOf(instances, 'digest'));
  for (const [at, parcel] of (await given(queue, manifest.instances)).entries()) {
    assert.is(parcel.seal?.keyId, keys.sealingKey.kid);
    const body = await openParcel(parcel, keys);
    for await (const { range } of readParcel(blobSource(body))) {
      const bytes = body.slice(range.offset, range.offset + range.length);
      assert.is(await sha256OfBlob(bytes), instances[at]!.digest);
    }
  }
});

test('the manifest names the population of a thousand unexamined films, anywhere among the slices, and of all examined ones', async () => {
  const slices = 5;
  const device = await openDevice();
  await nameStudy(device, 'study', Array(slices + UNSEEN_FILMS_LIMIT + 2).fill(1));
  const film = { models: [], population: 'outside' as const, score: null, first: false, film: [] };
  await device.database.instances.toCollection().modify((row) => {
    const runtime = row.position === slices + UNSEEN_FILMS_LIMIT + 1 ? 'a runtime' : 'none';
    if (row.position >= slices) row.triage = { ...film, runtime };
  });
  const { instances } = await queueOver(device).manifestOf('study');
  const said = instances.map(({ triage }) => triage?.runtime ?? 'nothing');
  assert.equal(
    [said[slices - 1], said[slices], said[slices + UNSEEN_FILMS_LIMIT - 1], ...said.slice(-2)],
    ['nothing', 'none', 'none', 'nothing', 'a runtime'],
  );
});

test('nothing on the device can open a waiting parcel, and the database holds no identifying text', async () => {
  const device = await openDevice();
  await queueStudy(device, 'study', [5_000]);
  const disk = await onDisk(device.database);
  assert.ok(disk.includes(STUDY));
  for (const planted of ['Planted', 'PLANTED', '19700101']) assert.not(disk.includes(planted), planted);
  const [record] = await device.database.records.toArray();
  for (const place of ['study-0/0/1', 'study-0/0/last', '']) {
    await failureOf(open(await deviceKey(device.database), record!.sealed, place));
  }
  const keys = valuesOf(await device.database.device.toArray(), 'value').filter(
    (value) => value instanceof CryptoKey,
  );
  assert.equal(valuesOf(keys, 'extractable'), [false]);
});

test('the copy and identifying values go when a receipt says that the PACS holds everything, and not before', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200]);
  const queue = queueOver(device, { now: () => 42 });
  await queue.beginSending('study');
  for await (const parcel of queue.parcelsFor('study', instances)) await queue.parcelSent('study', parcel.id);
  await queue.allSent('study');
  assert.is(await device.database.records.count(), 2);
  await queue.settle('study', receiptOf(instances, 'stored'));
  const { state, title, completedAt, ...left } = (await device.database.studies.get('study'))!;
  assert.equal([state, title, completedAt], ['done', null, 42]);
  const about = { modalities: ['CT'], series: 1 };
  assert.equal([left.about, left.instances, left.queuedAt], [about, 2, 1], 'what only tells studies apart');
  assert.equal([await device.database.records.count(), await queue.pending()], [0, []]);
});

test('a late receipt does not make a study that must be chosen again look complete', async () => {
  const { database, instances, queue, rowOf } = await openSent([100, 200]);
  await database.studies.update('study', { packing: true });
  const checked = receiptOf(instances, 'stored', 'quarantined');
  await queue.settle('study', checked);
  await interruptStudy(database, 'study');
  await queue.settle('study', checked);
  const { state, waiting, instances: count } = await rowOf();
  assert.equal([state, waiting, count], ['reading', 'interrupted', 0]);
  assert.equal(await queue.pending(), []);
});

test('a copy with a missing or changed part is reported, and the trouble remains until the study is followed again', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200]);
  const queue = queueOver(device);
  await device.database.records.delete(['study-0', 0]);
  await device.database.records.update(['study-1', 0], { sealed: new Uint8Array(40) });
  for await (const parcel of queue.parcelsFor('study', instances)) {
    assert.instance(await failureOf(parcel.read(0, 10)), CopyUnreadable);
  }
  const counts = { promised: 2, atGateway: 2, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 };
  for (const [trouble, after] of [
    ['copy-unreadable', null],
    ['receipt-faulty', 'receipt-faulty'],
  ] as const) {
    await queue.troubled('study', trouble);
    assert.is((await queue.pending())[0]?.trouble, trouble);
    await queue.report('study', { ...UPLOAD_STATUS, counts, bytes: counts });
    const said = (await queue.pending())[0]?.trouble;
    assert.is(said, after, 'an answer from the gateway does not make a bad receipt good');
  }
});

test('a missing parcel does not hold back the readable ones', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200, 300]);
  await device.database.parcels.delete('study-1');
  const ids: string[] = [];
  const giving = async () => {
    for await (const { id } of queueOver(device).parcelsFor('study', instances)) ids.push(id);
  };
  assert.instance(await failureOf(giving()), CopyUnreadable);
  assert.equal(ids, ['study-0', 'study-2']);
});

test('an original that the PACS keeps in another form needs a person, whoever sent the first, until it is left out', async () => {
  for (const isFirstNamed of [true, false])
    for (const reason of ['already-here-other-policy', 'already-here-other-boxes']) {
      const { device, database, instances, queue, rowOf } = await openSent([100]);
      const { jws, receipt } = receiptOf(instances, 'refused');
      const [own] = receipt.instances;
      const first = { ...own!, digest: 'f'.repeat(64), state: 'stored' as const };
      const named = [{ ...own!, reason }, ...(isFirstNamed ? [first] : [])];
      const inPacs = isFirstNamed ? 1 : 0;
      await queue.settle('study', { jws, receipt: { ...receipt, instances: named } });
      const refused = await rowOf();
      const stands = isFirstNamed ? { stands: true as const } : {};
      assert.equal(countStudy(refused).needs, [{ cause: 'refused', reason, instances: 1, ...stands }]);
      assert.equal([refused.state, countStudy(refused).track.inPacs], ['attention', 0]);
      using store = storeOver(device);
      await store.leaveOut('study');
      assert.is(countStudy(await rowOf()).track.inPacs, inPacs);
      const leftOut = named.map((one) => (one === first ? one : { ...one, state: 'left-out' as const }));
      await queue.settle('study', { jws, receipt: { ...receipt, instances: leftOut } });
      const { track } = countStudy(await rowOf());
      assert.equal(
        [(await rowOf()).state, track.leftOut, track.inPacs, await database.parcels.count()],
        ['done', 1 - inPacs, inPacs, 0],
      );
    }
});

test('the code with which the PACS refused instances is there for the person who has to decide', async () => {
  const { instances, queue, rowOf } = await openSent([100, 100, 100]);
  const receipt = receiptWith(receiptOf(instances, 'stored', 'refused'), (one) => ({
    ...one,
    pacsCode: one.state === 'stored' ? 0xb000 : 0x0122,
  }));
  await queue.settle('study', receipt);
  const needs = { cause: 'refused', reason: 'pacs-refused', instances: 2, pacsCodes: [0x0122] };
  assert.equal(countStudy(await rowOf()).needs, [needs]);
});

test('a parcel needed again although it was sent is created again, not assumed to be there', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100]);
  const queue = queueOver(device);
  await queue.parcelCreated('study', 'study-0', 'files/first');
  assert.is((await given(queue, instances))[0]?.location, 'files/first');
  await queue.parcelSent('study', 'study-0');
  assert.is((await given(queue, instances))[0]?.location, null);
});

test('a study is announced as soon as it is named, and each parcel can travel as soon as it is packed', async () => {
  const device = await openDevice();
  const keys = await makeSealingKeys();
  const instances = await nameStudy(device, 'study', [100, 200, 300]);
  const queue = queueOver(device);
  assert.equal(valuesOf(await queue.pending(), 'id', 'state'), [['study', 'reading']]);
  assert.is((await queue.manifestOf('study')).instances.length, 3);
  assert.ok(await queue.announced('study', answerOf({ need: instances })));
  assert.ok(await queue.beginSending('study'));

  await packOne(device, keys, 'study', instances[1]!);
  const parcels = queue.parcelsFor('study', instances)[Symbol.asyncIterator]();
  assert.is((await parcels.next()).value?.id, 'study-1', 'stored parcels come first');
  const next = parcels.next();
  await packOne(device, keys, 'study', instances[0]!);
  assert.is((await next).value?.id, 'study-0');
  const last = parcels.next();
  await packOne(device, keys, 'study', instances[2]!);
  assert.is((await last).value?.id, 'study-2');
  assert.ok((await parcels.next()).done, 'everything has been given');
  assert.ok((await device.database.studies.get('study'))?.packing, 'but it is not called safe yet');
  await finishPacking(device.database, 'study');
  const { state, packing } = (await device.database.studies.get('study'))!;
  assert.equal([state, packing], ['uploading', false]);
});

test('waiting for parcels ends when the study is taken back or its packer dies', async () => {
  const device = await openDevice();
  const gone = Promise.withResolvers<void>();
  for (const [id, end] of [
    ['taken', () => device.database.studies.update('taken', { state: 'taken-back' })],
    ['dead', () => gone.resolve()],
  ] as const) {
    const instances = await nameStudy(device, id, [100]);
    const queue = queueOver(device, {
      packerGone: (studyId) => (studyId === 'dead' ? gone.promise : new Promise(() => undefined)),
    });
    const next = queue.parcelsFor(id, instances)[Symbol.asyncIterator]().next();
    await end();
    assert.ok((await next).done, id);
  }
  assert.is((await device.database.studies.get('dead'))?.waiting, 'interrupted');
});

test('instances in the PACS have no copy here, and when it has lost them the person is asked for the files', async () => {
  const device = await openDevice();
  const [held, needed] = await nameStudy(device, 'study', [100, 200]);
  const queue = queueOver(device);
  await queue.announced('study', answerOf({ have: [{ ...held!, inPacs: true }], need: [needed!] }));
  const states = (await device.database.instances.toArray()).map(({ state, inPacs }) => `${state} ${inPacs}`);
  assert.equal(states, ['sent true', 'safe undefined']);
  await packOne(device, await makeSealingKeys(), 'study', needed!);
  await finishPacking(device.database, 'study');
  assert.equal(valuesOf(await given(queue, [needed!]), 'id'), ['study-1']);
  await queue.beginSending('study');
  await queue.allSent('study');
  await queue.parcelsLost('study', [held!]);
  assert.instance(await failureOf(given(queue, [held!])), CopyUnreadable);
});

test('a study that is completely in the PACS ends with its receipt, even while it is being packed', async () => {
  const device = await openDevice();
  const instances = await nameStudy(device, 'study', [100, 200]);
  const queue = queueOver(device);
  const have = instances.map((instance) => ({ ...instance, inPacs: true }));
  await queue.announced('study', answerOf({ have }));
  await queue.beginSending('study');
  await queue.allSent('study');
  await queue.settle('study', receiptOf(instances, 'already-stored'));
  const study = await device.database.studies.get('study');
  assert.equal([study?.state, study?.packing, study?.title], ['done', false, null]);
});

test('an instance left out and chosen again is requested again; left out after that, it stays left out', async () => {
  const device = await openDevice();
  const [instance] = await queueStudy(device, 'study', [100]);
  const asked: unknown[] = [];
  const queue = queueOver(device, {
    decide: async (_, decision, own) => void asked.push([decision, valuesOf(own, 'digest')]),
  });
  const stateOf = async () => (await device.database.instances.get(['study', 0]))?.state;
  const leftOut = answerOf({ conflict: [{ ...instance!, reason: 'left-out' }] });
  await queue.announced('study', leftOut);
  assert.equal([asked, await stateOf()], [[['retry', [instance!.digest]]], 'safe']);
  await queue.announced('study', leftOut);
  assert.equal([asked.length, await stateOf()], [1, 'left-out']);
});

test('on a shared device only the account that queued a study sends it', async () => {
  const device = await openDevice();
  for (const account of ['a', 'b']) await queueStudy(device, `of-${account}`, [100], { account });
  for (const account of ['a', 'b', 'c'])
    assert.equal(await idsOf(queueOver(device, { account })), account === 'c' ? [] : [`of-${account}`]);
});

test('a paused study is not sent, but one that is completely sent is still followed', async () => {
  const device = await openDevice();
  for (const id of ['safe', 'there']) await queueStudy(device, id, [100]);
  const queue = queueOver(device);
  await queue.beginSending('there');
  await queue.allSent('there');
  await device.database.studies.toCollection().modify({ paused: true });
  assert.equal(await idsOf(queue), ['there']);
});

test.run();
