/** The ladder, climbed from the bottom by a device with a queue on it. */
import { Dexie } from 'dexie';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { createBoundary, packParcel } from '#shared/transfer/parcel.ts';
import { seal } from './device-key.ts';
import { clearInterrupted } from './drop-study.ts';
import { LADDER } from './local-database.ts';
import {
  bytesOf,
  openDevice,
  POLICY,
  prepareInstance,
  queueOver,
  receiptOf,
  storeOver,
  STUDY,
  TITLE,
} from '../../../testing/open-queue.ts';

const RECORD_BYTES = 1024 * 1024;

function openAt(version: number, factory: IDBFactory): Dexie {
  const old = new Dexie('relaypacs', { indexedDB: factory, IDBKeyRange });
  for (const step of LADDER.filter((rung) => rung.version <= version))
    old.version(step.version).stores({ ...step.stores });
  return old;
}

/**
 * What the page of version 1 wrote: a study of two parcels, the first of which was sent and the second begun.
 */
async function versionOne(factory: IDBFactory) {
  const old = openAt(1, factory);
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  await old.table('device').bulkPut([
    { name: 'key', value: key },
    { name: 'link', value: 'offline' },
  ]);
  const title = await seal(key, new TextEncoder().encode(JSON.stringify(TITLE)), 'title/study');
  const row = {
    queuedAt: 1,
    account: 'a',
    policy: POLICY,
    studyInstanceUID: STUDY,
    about: { modalities: ['CT'], series: 1 },
    uploadId: 'u1',
    sentBytes: 7,
    neededBytes: 9,
    departed: 1,
    acknowledged: 1,
    counts: null,
    waiting: null,
    problem: null,
    receiptId: null,
    completedAt: null,
  };
  await old.table('studies').bulkPut([
    { ...row, id: 'study', state: 'uploading', title, instances: 2, bytes: 1_500_100, sending: true },
    { ...row, id: 'reading', state: 'reading', title: null, instances: 1, bytes: 100, sending: false },
    {
      ...row,
      id: 'held',
      queuedAt: 2,
      state: 'attention',
      title: null,
      instances: 1,
      bytes: 100,
      sending: true,
    },
    {
      ...row,
      id: 'cut',
      state: 'reading',
      title: null,
      instances: 0,
      bytes: 0,
      sending: false,
      waiting: 'interrupted',
    },
  ]);
  const instances = [await prepareInstance(0, 100), await prepareInstance(1, 1_500_000)];
  const bodies: Blob[] = [];
  for (const [at, instance] of instances.entries()) {
    const body = packParcel(createBoundary(), [instance]);
    bodies.push(body);
    const count = Math.ceil(body.size / RECORD_BYTES);
    for (let position = 0; position < count; position += 1) {
      const bytes = new Uint8Array(
        await body.slice(position * RECORD_BYTES, (position + 1) * RECORD_BYTES).arrayBuffer(),
      );
      await old
        .table('records')
        .put({ parcelId: `p${at}`, position, sealed: await seal(key, bytes, `p${at}/${position}/${count}`) });
    }
    await old.table('parcels').put({
      id: `p${at}`,
      studyId: 'study',
      bytes: body.size,
      instances: 1,
      state: at === 0 ? 'sent' : 'waiting',
      location: `files/${at}`,
    });
    const { bytes, originalDigest: _, studyInstanceUID: __, ...named } = instance;
    await old.table('instances').put({
      ...named,
      studyId: 'study',
      parcelId: `p${at}`,
      bytes: sizeOf(bytes),
      state: at === 0 ? 'sent' : 'safe',
      reason: null,
    });
  }
  const held = {
    studyId: 'held',
    position: 0,
    parcelId: 'p9',
    sopInstanceUID: `${STUDY}.9`,
    digest: 'f'.repeat(64),
    bytes: 100,
  };
  await old.table('instances').put({ ...held, state: 'quarantined', reason: 'identity-remains' });
  old.close();
  return { instances, bodies };
}

test('a queue of version 1 goes on where it was: its parcels travel in the clear, the half-sent one from where it stood', async () => {
  const factory = new IDBFactory();
  const { instances, bodies } = await versionOne(factory);
  const device = await openDevice(factory);
  assert.is((await device.database.device.get('link'))?.value, 'offline');
  const queue = queueOver(device);
  assert.equal(
    (await queue.pending()).map(({ id, state }) => [id, state]),
    [
      ['study', 'uploading'],
      ['held', 'attention'],
    ],
  );
  assert.equal(
    (await queue.manifestOf('study')).instances.map(({ digest }) => digest),
    instances.map(({ digest }) => digest),
  );
  assert.is(
    (await queue.manifestOf('study')).deidentification,
    undefined,
    'what was done to them nobody remembers',
  );
  await queue.announced('study', {
    uploadId: 'u1',
    studyInstanceUID: STUDY,
    revision: 1,
    have: [instances[0]!],
    need: [instances[1]!],
    conflict: [],
  });
  const [parcel, ...more] = await Array.fromAsync(queue.parcelsFor('study', [instances[1]!]));
  assert.equal([parcel?.id, parcel?.seal, parcel?.location, more.length], ['p1', null, 'files/1', 0]);
  assert.equal(await bytesOf(parcel!), new Uint8Array(await bodies[1]!.arrayBuffer()));
  await queue.parcelSent('study', 'p1');
  await queue.allSent('study');
  await queue.settle(
    'study',
    receiptOf(instances, () => 'stored'),
  );
  assert.equal(
    [(await device.database.studies.get('study'))?.state, await device.database.records.count()],
    ['done', 0],
  );
});

test('the screen shows a queue of version 1: its titles open, what is held says why, what was being written is interrupted', async () => {
  const factory = new IDBFactory();
  await versionOne(factory);
  const device = await openDevice(factory);
  await clearInterrupted(device.database, async () => false);
  const store = storeOver(device);
  const ready = Promise.withResolvers<void>();
  store.ready.subscribe((is) => void (is && ready.resolve()));
  await ready.promise;
  const studies = new Map(store.studies.value.map((study) => [study.id, study]));
  assert.is(studies.get('study')?.title?.patientName, TITLE.patientName);
  assert.equal(studies.get('held')?.quarantined, [{ reason: 'identity-remains', instances: 1 }]);
  assert.equal(
    [studies.get('reading')?.waiting, studies.get('cut')?.waiting],
    ['interrupted', 'interrupted'],
  );
  assert.equal([studies.get('study')?.packing, studies.get('study')?.track.unsafe], [false, 0]);
  store.close();
});

test('a device of any earlier version opens its queue with this one', async () => {
  for (const rung of LADDER) {
    const factory = new IDBFactory();
    const old = openAt(rung.version, factory);
    await old.table('device').put({ name: 'link', value: 'offline' });
    old.close();
    const { database } = await openDevice(factory);
    assert.is((await database.device.get('link'))?.value, 'offline', `from version ${rung.version}`);
    assert.is(database.verno, LADDER.at(-1)!.version);
  }
});

test.run();
