/**
 * The road of a study into the queue: named, announced, packed; with files that change, people who change
 * their mind, and pages that die.
 */
import type { DBCore } from 'dexie';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256OfBlob } from '#shared/transfer/digest.ts';
import { readParcel } from '#shared/transfer/parcel.ts';
import { blobSource } from '#shared/dicom/byte-source.ts';
import { restoreInstance } from '#shared/transfer/coding/restore-instance.ts';
import { syntheticStudy, type SyntheticStudy } from '#testing/synthetic-study.ts';
import { knownRate, rememberRate } from '../../queue/rows/device-notes.ts';
import { clearInterrupted } from '../../queue/rows/drop-study.ts';
import {
  answerOf,
  openDevice,
  openParcel,
  queueOver,
  storeOver,
  type TestKeys,
} from '../../../testing/open-queue.ts';
import type { InstanceKey, UploadQueue } from '../../queue/upload-queue.ts';
import type { FileToQueue, Task } from '../workers/device-tasks.ts';
import { DEIDENTIFIED, filesOf, openIngest } from '../../../testing/open-ingest.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import type { LocalDatabase } from '../../queue/rows/local-database.ts';
import { untilRead } from '../../../testing/open-api.ts';

const small = (seed: number, series = 1, instancesPerSeries = 3) =>
  syntheticStudy({ seed, series, instancesPerSeries, rows: 16, columns: 16 });

/** The only study in the queue, as the uploader finds it. */
async function onlyOne(queue: UploadQueue) {
  const [study] = await queue.pending();
  return { id: study!.id, instances: (await queue.manifestOf(study!.id)).instances };
}

/** Digests of the instances as the gateway has them, out of all parcels that hold one of `need`. */
async function digestsSent(queue: UploadQueue, keys: TestKeys, id: string, need: readonly InstanceKey[]) {
  const digests = new Set<string>();
  const { instances } = await queue.manifestOf(id);
  const promised = new Map(instances.map(({ digest, bytes }) => [digest, bytes]));
  for await (const parcel of queue.parcelsFor(id, need)) {
    const body = await openParcel(parcel, keys);
    for await (const { range, digest, contentEncoding } of readParcel(blobSource(body))) {
      const bytes = body.slice(range.offset, range.offset + range.length);
      const parts =
        contentEncoding === null
          ? [bytes]
          : await Array.fromAsync(restoreInstance(blobSource(bytes), contentEncoding, promised.get(digest)!));
      digests.add(await sha256OfBlob(new Blob(parts)));
    }
  }
  return digests;
}

const holdsBlob = (value: unknown): boolean =>
  value instanceof Blob ||
  (typeof value === 'object' &&
    value !== null &&
    !ArrayBuffer.isView(value) &&
    Object.values(value).some(holdsBlob));

/** A private window of Safari. */
function storesNoBlob(database: LocalDatabase): void {
  const create = (core: DBCore): DBCore => ({
    ...core,
    table(name) {
      const table = core.table(name);
      return {
        ...table,
        async mutate(request) {
          if ('values' in request && request.values?.some(holdsBlob))
            throw new DOMException('a Blob', 'DataCloneError');
          return table.mutate(request);
        },
      };
    },
  });
  database.use({ stack: 'dbcore', name: 'no blobs', create });
}

const changeFile = (task: Extract<Task, { kind: 'pack' }>, at: number, file: Blob) => {
  const files = task.files as FileToQueue[];
  files[at] = { ...files[at]!, ref: { kind: 'file', file } };
};

test('a study can be announced before its first parcel is packed', async () => {
  const { store, queue, hooks, announced, keys } = await openIngest();
  await store.addFiles(filesOf(small(1)));
  const before: unknown[] = [];
  hooks.beforeTask = async (task) => {
    if (task.kind !== 'pack') return;
    const [study] = await queue.pending();
    before.push([study?.state, (await queue.manifestOf(study!.id)).instances.length, announced()]);
  };
  await store.send();
  assert.equal(before, [['reading', 3, 1]]);
  const { id, instances } = await onlyOne(queue);
  assert.equal(await digestsSent(queue, keys, id, instances), new Set(valuesOf(instances, 'digest')));
});

test('instances in the PACS are not packed; those that only the gateway has are packed last, in separate parcels', async () => {
  const { store, queue, hooks, database } = await openIngest();
  await store.addFiles(filesOf(small(2, 1, 5)));
  const order: string[] = [];
  hooks.beforeTask = async (task) => {
    if (task.kind !== 'pack') return;
    if (order.length === 0) {
      const { id, instances } = await onlyOne(queue);
      const have = [true, false].map((inPacs, at) => ({ ...instances[at]!, inPacs }));
      await queue.announced(id, answerOf({ have, need: instances.slice(2) }));
    }
    order.push(task.onlyNeeded ? 'needed' : 'held');
  };
  await store.send();
  assert.equal(order, ['needed', 'held']);
  const parcels = Map.groupBy(await database.instances.toArray(), ({ parcelId }) => parcelId);
  assert.equal([...parcels.values()].map(({ length }) => length).sort(), [1, 1, 3]);
  assert.is(parcels.get(null)?.[0]?.position, 0, 'no copy of what is in the PACS');
  assert.is((await queue.pending())[0]?.state, 'safe');
});

test('a file that was changed, or pulled out, after it was named is listed with its reason; the rest is sent, and the gateway is told which instances will not come', async () => {
  const study = small(3, 1, 4);
  const { store, queue, hooks, database, keys } = await openIngest();
  const taken: InstanceKey[] = [];
  const uploads = queueOver(
    { database, key: (await openDevice()).key, factory: null! },
    { decide: async (_, __, own) => void taken.push(...own) },
  );
  await store.addFiles(filesOf(study));
  const changed = new Uint8Array(study.instances[1]!.bytes);
  changed[changed.length - 1]! ^= 1;
  const gone = new Blob();
  const unreadable = { arrayBuffer: () => Promise.reject(new DOMException('', 'NotReadableError')) };
  Object.assign(gone, unreadable, { slice: () => Object.assign(new Blob(), unreadable) });
  Object.defineProperty(gone, 'size', { value: study.instances[2]!.bytes.length });
  let named: readonly InstanceKey[] = [];
  hooks.beforeTask = async (task) => {
    if (task.kind !== 'pack') return;
    const { id, instances } = await onlyOne(queue);
    named = instances;
    await uploads.announced(id, answerOf({ need: instances }));
    changeFile(task, 1, new Blob([changed]));
    changeFile(task, 2, gone);
  };
  await store.send();
  assert.equal(store.rejected.value.map(({ reason }) => reason).sort(), ['file-changed', 'file-unreadable']);
  assert.equal(valuesOf(await queue.pending(), 'state', 'turn'), [['safe', 1]], 'the sender starts over');
  const { id, instances } = await onlyOne(queue);
  assert.equal(valuesOf(instances, 'digest'), [named[0]!.digest, named[3]!.digest]);
  assert.is((await digestsSent(queue, keys, id, named)).size, 2, 'who waits for all of it does not hang');
  await uploads.announced(id, answerOf({ need: instances }));
  assert.equal(taken.map(({ digest }) => digest).sort(), [named[1]!.digest, named[2]!.digest].sort());
});

test('where the browser stores no Blob a study is made safe all the same, its card says so, and all of it is sent', async () => {
  const device = await openDevice(undefined, storesNoBlob);
  const { store, queue, keys, database } = await openIngest({ device, chosen: DEIDENTIFIED });
  const put = database.device.put({ name: 'link', value: { blob: new Blob() } });
  assert.is(await put.catch(({ name }: Error) => name), 'DataCloneError');
  const shape = { series: 2, instancesPerSeries: 2, rows: 16, columns: 16, burnedInSeries: 2 };
  await store.addFiles(filesOf(syntheticStudy({ seed: 10, ...shape })));
  await store.send();
  assert.equal([store.problem.value, store.rejected.value], [null, []]);
  using view = storeOver(device);
  assert.ok(await untilRead(() => view.studies.value.length === 1));
  const { track, packing, problem, trouble } = view.studies.value[0]!;
  assert.equal([track.safe, track.needsYou, track.unsafe], [2, 2, 0]);
  assert.equal([packing, problem, trouble], [false, null, null]);
  const { id, instances } = await onlyOne(queue);
  assert.equal(await digestsSent(queue, keys, id, instances), new Set(valuesOf(instances, 'digest')));
});

test('a study whose files were all changed is not queued', async () => {
  const { store, hooks, database } = await openIngest();
  await store.addFiles(filesOf(small(4, 1, 1)));
  hooks.beforeTask = async (task) => {
    if (task.kind === 'pack') changeFile(task, 0, new Blob(['gone']));
  };
  await store.send();
  assert.equal([await database.studies.count(), store.rejected.value.length], [0, 1]);
  assert.is(store.problem.value, null);
});

/** The state of the only study, and how many parcels and records are on the device. */
const leftOf = async ({ studies, parcels, records }: LocalDatabase) => [
  (await studies.toArray())[0]?.state,
  await parcels.count(),
  await records.count(),
];

test('a study cancelled in the queue while it is packed ends there, without an error', async () => {
  const device = await openDevice();
  const { store, hooks, database } = await openIngest({ device });
  using view = storeOver(device);
  await store.addFiles(filesOf(small(5, 3)));
  let packs = 0;
  hooks.beforeTask = async (task) => {
    if (task.kind !== 'pack') return;
    packs += 1;
    if (packs === 2) assert.ok(await view.takeBack((await database.studies.toArray())[0]!.id));
  };
  await store.send();
  assert.equal([store.problem.value, store.phase.value], [null, 'idle']);
  assert.equal(await leftOf(database), ['taken-back', 0, 0]);
});

test('cancelling on the upload page after the first parcels left keeps its row alone: the gateway is told', async () => {
  const told: [string, number][] = [];
  const { store, queue, hooks, database } = await openIngest({
    decisions: { decide: async (_, decision, own) => void told.push([decision, own.length]) },
  });
  await store.addFiles(filesOf(small(6, 3)));
  let packs = 0;
  hooks.afterTask = async (task) => {
    if (task.kind !== 'pack') return;
    packs += 1;
    if (packs !== 1) return;
    const { id, instances } = await onlyOne(queue);
    await queue.announced(id, answerOf({ need: instances }));
    await queue.beginSending(id);
    store.cancel();
  };
  await store.send();
  assert.equal(told, [['leave-out', 9]]);
  assert.equal(await leftOf(database), ['taken-back', 0, 0]);
  assert.equal([store.problem.value, store.phase.value], [null, 'found']);
});

/** The page dies at the nth task: tasks already begun never finish. */
async function dieAt(study: SyntheticStudy, nth: number) {
  const device = await openDevice();
  const { store, queue, hooks } = await openIngest({ device });
  await store.addFiles(filesOf(study));
  const dead = Promise.withResolvers<'dead'>();
  let tasks = 0;
  hooks.beforeTask = async (task) => {
    tasks += 1;
    if (task.kind === 'pack') {
      const { id, instances } = await onlyOne(queue);
      if ((await device.database.studies.get(id))?.uploadId === null)
        await queue.announced(id, answerOf({ need: instances }));
      await queue.beginSending(id);
    }
    if (tasks <= nth) return;
    dead.resolve('dead');
    await new Promise(() => undefined);
  };
  const end = await Promise.race([dead.promise, store.send().then(() => 'over' as const)]);
  return { device, isOver: end === 'over' };
}

test('a page that dies at any step of naming or packing is followed by one that says what to do, and choosing the same files again sends the missing instances', async () => {
  const study = small(7, 3, 2);
  for (let nth = 0; ; nth += 1) {
    const { device, isOver } = await dieAt(study, nth);
    if (isOver) {
      assert.is(nth, 6, 'three batches were named, three parcels packed');
      break;
    }
    device.database.close();
    const again = await openDevice(device.factory);
    await clearInterrupted(again.database, async () => false);
    const interrupted = valuesOf(await again.database.studies.toArray(), 'waiting');
    assert.equal([interrupted, await again.database.records.count()], [['interrupted'], 0], `task ${nth}`);
    const { store, queue, keys, hooks } = await openIngest({ device: again });
    await store.addFiles(filesOf(study));
    let arrived: InstanceKey | null = null;
    hooks.beforeTask = async (task) => {
      if (task.kind !== 'pack' || arrived !== null) return;
      const { id, instances } = await onlyOne(queue);
      arrived = instances[0]!;
      await queue.announced(
        id,
        answerOf({ have: [{ ...arrived, inPacs: false }], need: instances.slice(1) }),
      );
    };
    await store.send();
    const rows = await again.database.studies.toArray();
    assert.equal(valuesOf(rows, 'waiting', 'state'), [[null, 'safe']], `task ${nth}: one study, not two`);
    const { id, instances } = await onlyOne(queue);
    const sent = await digestsSent(queue, keys, id, instances.slice(1));
    assert.equal([sent.size, sent.has(arrived!.digest)], [5, false], 'arrived instances do not travel twice');
    again.database.close();
  }
});

test('on a slow link instances travel coded, on a fast one as they are; both match the manifest, and the speed is remembered', async () => {
  const study = syntheticStudy({ seed: 8, instancesPerSeries: 3, rows: 512, columns: 512 });
  const bytes = study.instances.reduce((sum, instance) => sum + instance.bytes.length, 0);
  for (const [rate, coded] of [
    [null, true],
    [100_000, true],
    [1e9, false],
  ] as const) {
    const { store, queue, keys, database } = await openIngest();
    if (rate !== null) await rememberRate(database, 'link-rate', rate);
    await store.addFiles(filesOf(study));
    await store.send();
    const { id, instances } = await onlyOne(queue);
    const size = (await database.parcels.toArray()).reduce((sum, parcel) => sum + parcel.bytes, 0);
    assert.is(size < 0.95 * bytes, coded, `${size} of ${bytes} at ${rate}`);
    assert.equal(await digestsSent(queue, keys, id, instances), new Set(valuesOf(instances, 'digest')));
    assert.is((await knownRate(database, 'coding-rate')) !== null, coded);
  }
});

test('ten thousand instances are read from the database once while they travel, not at every step', async () => {
  const reads = { instances: 0 };
  const device = await openDevice(undefined, (database) => {
    const create = (core: DBCore): DBCore => ({
      ...core,
      table(name) {
        const { get, getMany, query, openCursor, ...table } = core.table(name);
        const counted =
          <T, R>(read: (request: T) => R) =>
          (request: T): R => {
            if (name === 'instances') reads.instances += 1;
            return read(request);
          };
        return {
          ...{ ...table, get: counted(get), getMany: counted(getMany) },
          ...{ query: counted(query), openCursor: counted(openCursor) },
        };
      },
    });
    database.use({ stack: 'dbcore', name: 'reads', create });
  });
  const { store, queue } = await openIngest({ device });
  await store.addFiles(filesOf(small(9, 2, 20)));
  await store.send();
  const { id, instances } = await onlyOne(queue);
  await queue.announced(id, answerOf({ need: instances }));
  await queue.beginSending(id);
  using view = storeOver(device);
  const steps: number[] = [];
  view.studies.subscribe(() => void steps.push(reads.instances));
  const seen = async (bytes: number) => {
    while ((view.studies.value[0]?.track.onTheWay ?? 0) < bytes)
      await new Promise((resolve) => setImmediate(resolve));
  };
  for (let at = 1; at <= 20; at += 1) {
    await device.database.studies.update(id, { sentBytes: at, departed: at });
    await seen(at);
  }
  assert.ok(steps.length >= 20);
  assert.equal(new Set(steps.slice(1)).size, 1, 'a step of progress reads no instance');
});

test.run();
