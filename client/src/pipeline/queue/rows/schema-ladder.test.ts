/** The ladder of schema versions, climbed by a device with a queue on it; the older rung is a synthetic one. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { deviceKey } from './device-key.ts';
import { openLocalDatabase, type StudyRow } from './local-database.ts';
import { LADDER, type Rung } from './schema-ladder.ts';
import {
  makeSealingKeys,
  openParcel,
  queueOver,
  queueStudy,
  receiptOf,
  storeOver,
  TITLE,
  type TestDevice,
} from '../../../testing/open-queue.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import { failureOf } from '../../../testing/failure-of.ts';
import { untilRead } from '../../../testing/open-api.ts';

const newest = LADDER.at(-1)!;
/** Like the newest, but a study names its `owner` instead of its `account`. */
const older: Rung = {
  ...newest,
  because: 'synthetic: a schema below the newest',
  stores: { ...newest.stores, studies: 'id, owner' },
};
const above: Rung = {
  ...newest,
  version: older.version + 1,
  because: 'a study names its account',
  async climb(transaction) {
    await transaction
      .table<StudyRow & { owner?: string | null }>('studies')
      .toCollection()
      .modify((study) => {
        study.account = study.owner ?? null;
        delete study.owner;
      });
  },
};

async function openAt(factory: IDBFactory, ...ladder: readonly Rung[]): Promise<TestDevice> {
  const database = openLocalDatabase({ indexedDB: factory, IDBKeyRange, ladder });
  return { database, key: await deviceKey(database), factory };
}

/** A study of two parcels in the older schema; the upload of the first has begun. */
async function queueInOlderSchema(factory: IDBFactory) {
  const keys = await makeSealingKeys();
  const device = await openAt(factory, older);
  const instances = await queueStudy(device, 'study', [100, 1_500_000], { keys });
  await queueOver(device).parcelCreated('study', 'study-0', 'files/0');
  await device.database.studies.toCollection().modify((study) => {
    Object.assign(study, { owner: study.account });
    Reflect.deleteProperty(study, 'account');
  });
  device.database.close();
  return { keys, instances };
}

test('a queue of an older schema continues where it was: titles, copies and begun uploads', async () => {
  const factory = new IDBFactory();
  const { keys, instances } = await queueInOlderSchema(factory);
  const device = await openAt(factory, older, above);
  const queue = queueOver(device);
  assert.equal(valuesOf(await queue.pending(), 'id', 'state'), [['study', 'safe']]);
  const store = storeOver(device);
  assert.ok(await untilRead(() => store.ready.value));
  assert.is(store.studies.value[0]?.title?.patientName, TITLE.patientName);
  store.close();

  await queue.beginSending('study');
  const parcels = await Array.fromAsync(queue.parcelsFor('study', instances));
  assert.equal(valuesOf(parcels, 'location'), ['files/0', null]);
  for (const [at, parcel] of parcels.entries())
    assert.ok((await openParcel(parcel, keys)).size > sizeOf(instances[at]!.bytes), 'the copy opens');
  await queue.allSent('study');
  await queue.settle('study', receiptOf(instances, 'stored'));
  const { state } = (await device.database.studies.get('study'))!;
  assert.equal([state, await device.database.records.count()], ['done', 0]);
});

test('a failed upgrade leaves the queue as it was', async () => {
  const factory = new IDBFactory();
  await queueInOlderSchema(factory);
  const failing: Rung = {
    ...above,
    async climb(transaction) {
      await above.climb!(transaction);
      throw new Error('no room');
    },
  };
  const failed = openLocalDatabase({ indexedDB: factory, IDBKeyRange, ladder: [older, failing] });
  assert.match(String(await failureOf(failed.open())), /no room/);
  failed.close();
  const { database } = await openAt(factory, older);
  const study = (await database.studies.get('study')) as unknown as Record<string, unknown>;
  assert.equal([study.owner, 'account' in study], ['a', false]);
  assert.is(await database.parcels.count(), 2);
});

test('from every rung a device reaches the newest', async () => {
  for (const ladder of [LADDER, [older, above]]) {
    for (const [at, rung] of ladder.entries()) {
      const factory = new IDBFactory();
      const before = await openAt(factory, ...ladder.slice(0, at + 1));
      await before.database.device.put({ name: 'link', value: 'offline' });
      before.database.close();
      const { database } = await openAt(factory, ...ladder);
      assert.is((await database.device.get('link'))?.value, 'offline', `from version ${rung.version}`);
      assert.is(database.verno, ladder.at(-1)!.version);
      database.close();
    }
    assert.equal(
      valuesOf(ladder, 'version'),
      ladder.map((_, at) => at + 1),
      'no version is left out',
    );
    assert.ok(ladder.every(({ because }) => because !== ''));
  }
});

test.run();
