import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReceiptInstance } from '#shared/protocol/receipt.ts';
import { sha256OfBlob } from '#shared/transfer/digest.ts';
import { readParcel } from '#shared/transfer/parcel.ts';
import { deviceKey } from './device-key.ts';
import { beginStudy, clearInterrupted, finishStudy, storeParcel, StudyGone } from './enqueue.ts';
import { createInstanceQueue } from './instance-queue.ts';
import { LADDER, openLocalDatabase, type LocalDatabase } from './local-database.ts';
import type { Outgoing, PreparedInstance } from './outgoing.ts';
import { createQueueStore, type QueueStoreTools } from './queue.store.ts';
import { CopyUnreadable, type CheckedReceipt, type InstanceKey, type ParcelToSend } from './upload-queue.ts';

const STUDY = '1.2.826.0.1.3680043.8.498.1';
const POLICY = { name: 'identified', version: 1, deidentify: false };
const TITLE = {
  patientName: 'Planted^Name', patientId: 'PLANTED-ID', patientBirthDate: '19700101', studyDate: '20260101', description: 'Planted description',
  accessionNumber: 'PLANTED-ACC', modalities: ['CT'], bodyParts: ['CHEST'],
};

async function open(factory = new IDBFactory()): Promise<{ database: LocalDatabase; key: CryptoKey; factory: IDBFactory }> {
  const database = openLocalDatabase({ indexedDB: factory, IDBKeyRange });
  return { database, key: await deviceKey(database), factory };
}

async function prepared(number: number, bytes: number, text = ''): Promise<Outgoing<PreparedInstance> & { position: number }> {
  const blob = new Blob([text.padEnd(bytes, String.fromCharCode(97 + (number % 26)))]);
  return {
    studyInstanceUID: STUDY, seriesInstanceUID: `${STUDY}.1`, sopInstanceUID: `${STUDY}.1.${number + 1}`, sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntaxUID: '1.2.840.10008.1.2.1', bytes: blob, digest: await sha256OfBlob(blob), originalDigest: null, position: number,
  } as Outgoing<PreparedInstance> & { position: number };
}

/** A study of `sizes` in the queue, one parcel for each size. */
async function queued(database: LocalDatabase, key: CryptoKey, id: string, sizes: readonly number[], account: string | null = 'a') {
  await beginStudy(database, key, { id, queuedAt: 1, account, policy: POLICY, title: TITLE, about: { modalities: ['CT'], series: 1 } });
  const instances = await Promise.all(sizes.map((bytes, number) => prepared(number, bytes, 'Planted^Name in the header')));
  for (const [number, instance] of instances.entries()) await storeParcel(database, key, { id: `${id}-${number}`, studyId: id, instances: [instance] });
  return instances;
}

function receiptOf(instances: readonly PreparedInstance[], state: (at: number) => ReceiptInstance['state']): CheckedReceipt {
  const named = instances.map(({ sopInstanceUID, digest, bytes }, at): ReceiptInstance => ({
    sopInstanceUID, digest, bytes: bytes.size, state: state(at), ...(state(at) === 'refused' ? { reason: 'pacs-refused' } : {}),
  }));
  const receipt = {
    jti: crypto.randomUUID(), iss: 'http://gateway', iat: 1, version: 1 as const, studyInstanceUID: STUDY, revision: 1,
    policy: POLICY, pacs: 'http://pacs', root: '0'.repeat(64), instances: named,
  };
  return { jws: 'a.b.c', receipt };
}

async function wholeOf(parcel: ParcelToSend): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < parcel.bytes; at += 700_000) pieces.push(await parcel.read(at, 700_000));
  return new Blob(pieces);
}

/** Everything that lies in the database, as one text. */
async function onDisk(database: LocalDatabase): Promise<string> {
  const texts: string[] = [];
  for (const table of database.tables) {
    for (const row of await table.toArray()) texts.push(JSON.stringify(row, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value)));
  }
  return texts.join('\n');
}

test('what was queued is read back bit for bit, in whatever pieces, after the page was opened again', async () => {
  const first = await open();
  const instances = await queued(first.database, first.key, 'study', [100, 3_500_000, 2 * 1024 * 1024]);
  assert.ok(await finishStudy(first.database, 'study'));
  first.database.close();

  const again = await open(first.factory);
  const queue = createInstanceQueue({ database: again.database, key: again.key, account: 'a', now: () => 1 });
  assert.equal((await queue.pending()).map(({ id, state }) => [id, state]), [['study', 'safe']]);
  const manifest = await queue.manifestOf('study');
  assert.equal(manifest.instances.map(({ digest }) => digest), instances.map(({ digest }) => digest));
  const parcels = await Array.fromAsync(queue.parcelsFor('study', manifest.instances));
  for (const [at, parcel] of parcels.entries()) {
    const body = await wholeOf(parcel);
    assert.is(body.size, parcel.bytes);
    const source = { size: body.size, read: async (offset: number, length: number) => new Uint8Array(await body.slice(offset, offset + length).arrayBuffer()) };
    for await (const part of readParcel(source)) {
      assert.is(await sha256OfBlob(body.slice(part.range.offset, part.range.offset + part.range.length)), instances[at]!.digest);
    }
  }
});

test('nothing that identifies a patient lies in the database as text', async () => {
  const { database, key } = await open();
  await queued(database, key, 'study', [5_000]);
  const disk = await onDisk(database);
  assert.ok(disk.includes(STUDY));
  for (const planted of ['Planted', 'PLANTED', '19700101']) assert.not(disk.includes(planted), planted);
});

test('a tab that is killed while it writes leaves whole parcels or none, and the next start takes them away and says so', async () => {
  const { database, key } = await open();
  await queued(database, key, 'study', [100, 200]);
  const abort = new AbortController();
  const large = await prepared(7, 40 * 1024 * 1024);
  const writing = storeParcel(database, key, { id: 'large', studyId: 'study', instances: [large] }, abort.signal);
  abort.abort();
  await writing.then(() => assert.unreachable(), () => undefined);
  assert.is(await database.parcels.count(), 2);
  // What a kill leaves when nobody could clean up: records of a parcel that was never finished.
  await database.records.put({ parcelId: 'orphan', position: 0, sealed: new Uint8Array(3) });

  await clearInterrupted(database, async () => true);
  assert.is((await database.studies.get('study'))?.waiting, null, 'another tab is still writing it');
  await clearInterrupted(database, async () => false);
  assert.is((await database.studies.get('study'))?.waiting, 'interrupted');
  assert.equal([await database.parcels.count(), await database.instances.count(), await database.records.count()], [0, 0, 0]);
});

test('a study that was taken back while it was written is written no further', async () => {
  const { database, key } = await open();
  await queued(database, key, 'study', [100]);
  await database.studies.update('study', { state: 'taken-back' });
  const late = await prepared(3, 50);
  await storeParcel(database, key, { id: 'late', studyId: 'study', instances: [late] }).then(() => assert.unreachable(), (error) => assert.instance(error, StudyGone));
  assert.not(await database.parcels.get('late'));
});

test('the copy and the title go when a receipt says that the PACS holds everything, and not before', async () => {
  const { database, key } = await open();
  const instances = await queued(database, key, 'study', [100, 200]);
  await finishStudy(database, 'study');
  const queue = createInstanceQueue({ database, key, account: 'a', now: () => 42 });
  await queue.beginSending('study');
  for await (const parcel of queue.parcelsFor('study', instances)) await queue.parcelSent('study', parcel.id);
  await queue.allSent('study');
  assert.is(await database.records.count(), 2);
  await queue.settle('study', receiptOf(instances, () => 'stored'));
  const study = await database.studies.get('study');
  assert.equal([study?.state, study?.title, study?.completedAt], ['done', null, 42]);
  assert.is(await database.records.count(), 0);
  assert.equal(await queue.pending(), []);
});

test('what the PACS refused stays on the device until a person decides', async () => {
  const { database, key } = await open();
  const instances = await queued(database, key, 'study', [100, 200]);
  await finishStudy(database, 'study');
  const queue = createInstanceQueue({ database, key, account: 'a', now: () => 1 });
  await queue.beginSending('study');
  await queue.allSent('study');
  await queue.settle('study', receiptOf(instances, (at) => (at === 0 ? 'stored' : 'refused')));
  assert.is((await database.studies.get('study'))?.state, 'attention');
  assert.equal(await database.parcels.toCollection().primaryKeys(), ['study-1']);

  const store = storeOver(database, key);
  await store.leaveOut('study');
  assert.is((await database.studies.get('study'))?.state, 'done');
  assert.is(await database.records.count(), 0);
  store.close();
});

test('what the PACS refused is tried again from this device when a person asks, what was refused for its structure is not', async () => {
  const { database, key } = await open();
  const instances = await queued(database, key, 'study', [100, 200, 300]);
  await finishStudy(database, 'study');
  const queue = createInstanceQueue({ database, key, account: 'a', now: () => 1 });
  await queue.announced('study', { uploadId: 'u1', studyInstanceUID: STUDY, revision: 1, have: [], need: [], conflict: [] });
  await queue.beginSending('study');
  await queue.allSent('study');
  const { jws, receipt } = receiptOf(instances, (at) => (at === 0 ? 'stored' : 'refused'));
  const named = receipt.instances.map((instance, at) => (at === 2 ? { ...instance, reason: 'truncated' as const } : instance));
  await queue.settle('study', { jws, receipt: { ...receipt, instances: named } });
  const decided: [string, readonly string[]][] = [];
  const store = storeOver(database, key, { decide: async (_, decision, own) => void decided.push([decision, own.map(({ digest }) => digest)]) });
  await store.retry('study');
  assert.equal(decided, [['retry', [instances[1]!.digest]]]);
  assert.equal((await store.instancesOf('study')).map(({ state }) => state), ['stored', 'safe', 'refused']);
  assert.is((await queue.pending())[0]?.state, 'safe');
  const [parcel] = await Array.fromAsync(queue.parcelsFor('study', [instances[1]!]));
  assert.is((await wholeOf(parcel!)).size, parcel!.bytes, 'its bytes are still here');
  store.close();
});

test('a copy of which a part is gone or changed is named as such, and the trouble stands until it is followed again', async () => {
  const { database, key } = await open();
  const instances = await queued(database, key, 'study', [100, 200]);
  await finishStudy(database, 'study');
  const queue = createInstanceQueue({ database, key, account: 'a', now: () => 1 });
  await database.records.delete(['study-0', 0]);
  await database.records.update(['study-1', 0], { sealed: new Uint8Array(40) });
  for await (const parcel of queue.parcelsFor('study', instances)) {
    await parcel.read(0, 10).then(() => assert.unreachable(), (error) => assert.instance(error, CopyUnreadable));
  }
  const counts = { promised: 2, atGateway: 2, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 };
  const said = { uploadId: STUDY, studyInstanceUID: STUDY, state: 'forwarded' as const, revision: 1, policy: 'identified', counts, bytes: counts, waiting: null, receipt: null };
  for (const [trouble, after] of [['copy-unreadable', null], ['receipt-faulty', 'receipt-faulty']] as const) {
    await queue.troubled('study', trouble);
    assert.is((await queue.pending())[0]?.trouble, trouble);
    await queue.report('study', said);
    assert.is((await queue.pending())[0]?.trouble, after, 'an answer of the gateway does not make a bad receipt good');
  }
});

test('what was refused for a rival stays on the device until the rival is in the PACS', async () => {
  for (const rival of ['refused', 'stored'] as const) {
    const { database, key } = await open();
    const instances = await queued(database, key, 'study', [100]);
    await finishStudy(database, 'study');
    const queue = createInstanceQueue({ database, key, account: 'a', now: () => 1 });
    await queue.beginSending('study');
    await queue.allSent('study');
    const { jws, receipt } = receiptOf(instances, () => 'refused');
    const [own] = receipt.instances;
    const named = [{ ...own!, reason: 'already-here-other-policy' }, { ...own!, digest: 'f'.repeat(64), state: rival }];
    await queue.settle('study', { jws, receipt: { ...receipt, instances: named } });
    assert.is(await database.parcels.count(), rival === 'stored' ? 0 : 1, rival);
  }
});

function storeOver(database: LocalDatabase, key: CryptoKey, told: Partial<Pick<QueueStoreTools, 'decide' | 'withdraw'>> = {}) {
  return createQueueStore({
    database, key: Promise.resolve(key), now: () => 1, account: signal('a'), isOnline: signal(true), unsafe: signal(0), later: () => undefined,
    decide: async () => undefined, withdraw: async () => undefined, wake: () => undefined, ...told,
  });
}

test('a failed study that is taken off the list is taken back at the gateway too, but for what another study here still sends', async () => {
  const { database, key } = await open();
  const instances = await queued(database, key, 'failed', [100, 200]);
  await queued(database, key, 'other', [100]);
  await finishStudy(database, 'failed');
  const queue = createInstanceQueue({ database, key, account: 'a', now: () => 1 });
  await queue.announced('failed', { uploadId: 'u1', studyInstanceUID: STUDY, revision: 1, have: [], need: [], conflict: [] });
  await queue.beginSending('failed');
  await queue.refused('failed', 'policy-withdrawn');
  const withdrawn: [string, readonly string[]][] = [];
  const withdraw = async (uploadId: string, own: readonly InstanceKey[]) => void withdrawn.push([uploadId, own.map(({ digest }) => digest)]);
  const store = storeOver(database, key, { withdraw });
  await store.dismiss('failed');
  assert.equal(withdrawn, [['u1', [instances[1]!.digest]]]);
  assert.equal((await database.parcels.toArray()).map(({ studyId }) => studyId), ['other']);
  store.close();
});

test('a study can be taken back until its first byte has left', async () => {
  const { database, key } = await open();
  await queued(database, key, 'early', [100]);
  await queued(database, key, 'late', [100]);
  await finishStudy(database, 'early');
  await finishStudy(database, 'late');
  const queue = createInstanceQueue({ database, key, account: 'a', now: () => 1 });
  await queue.beginSending('late');
  const store = storeOver(database, key);
  assert.ok(await store.takeBack('early'));
  assert.not(await store.takeBack('late'));
  assert.not(await queue.beginSending('early'));
  assert.equal((await database.records.toArray()).map(({ parcelId }) => parcelId), ['late-0']);
  store.close();
});

test('a parcel that is asked for again although it was sent is created anew, not believed', async () => {
  const { database, key } = await open();
  const instances = await queued(database, key, 'study', [100]);
  await finishStudy(database, 'study');
  const queue = createInstanceQueue({ database, key, account: 'a', now: () => 1 });
  await queue.parcelCreated('study', 'study-0', 'files/first');
  assert.is((await Array.fromAsync(queue.parcelsFor('study', instances)))[0]?.location, 'files/first');
  await queue.parcelSent('study', 'study-0');
  assert.is((await Array.fromAsync(queue.parcelsFor('study', instances)))[0]?.location, null);
});

test('what names a person is erased when the study is done, what only tells studies apart stays', async () => {
  const { database, key } = await open();
  const instances = await queued(database, key, 'study', [100]);
  await finishStudy(database, 'study');
  const queue = createInstanceQueue({ database, key, account: 'a', now: () => 7 });
  await queue.beginSending('study');
  await queue.allSent('study');
  await queue.settle('study', receiptOf(instances, () => 'stored'));
  const study = await database.studies.get('study');
  assert.is(study?.title, null);
  assert.equal([study?.about, study?.instances, study?.queuedAt, study?.completedAt], [{ modalities: ['CT'], series: 1 }, 1, 1, 7]);
});

test('on a shared device a study is sent by the account that queued it and by no other', async () => {
  const { database, key } = await open();
  await queued(database, key, 'of-a', [100], 'a');
  await queued(database, key, 'of-b', [100], 'b');
  await finishStudy(database, 'of-a');
  await finishStudy(database, 'of-b');
  for (const account of ['a', 'b']) {
    const pending = await createInstanceQueue({ database, key, account, now: () => 1 }).pending();
    assert.equal(pending.map(({ id }) => id), [`of-${account}`]);
  }
  assert.equal(await createInstanceQueue({ database, key, account: 'c', now: () => 1 }).pending(), []);
});

test('a study that names no account, from an earlier version or a start without a network, belongs to whoever signs in first', async () => {
  const { database, key } = await open();
  await queued(database, key, 'old', [100], null);
  await finishStudy(database, 'old');
  await database.studies.where('id').equals('old').modify((row) => void delete row.account);
  for (const [account, theirs] of [['first', ['old']], ['second', []]] as const) {
    assert.equal((await createInstanceQueue({ database, key, account, now: () => 1 }).pending()).map(({ id }) => id), theirs);
  }
});

test('a device of any earlier version opens its queue with this one', async () => {
  for (const rung of LADDER) {
    const factory = new IDBFactory();
    const { Dexie } = await import('dexie');
    const old = new Dexie('relaypacs', { indexedDB: factory, IDBKeyRange });
    for (const step of LADDER.filter(({ version }) => version <= rung.version)) old.version(step.version).stores({ ...step.stores });
    await old.table('device').put({ name: 'link', value: 'offline' });
    old.close();
    const { database } = await open(factory);
    assert.is((await database.device.get('link'))?.value, 'offline', `from version ${rung.version}`);
    assert.is(database.verno, LADDER.at(-1)!.version);
  }
});

test.run();
