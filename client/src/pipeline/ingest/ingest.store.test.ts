import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importProjectKey } from '#shared/deid/pseudonyms.ts';
import { syntheticStudy, type SyntheticStudy } from '#testing/synthetic-study.ts';
import { deviceKey } from '../queue/device-key.ts';
import type { KnownPolicies } from '../queue/device-notes.ts';
import { createInstanceQueue } from '../queue/instance-queue.ts';
import { openLocalDatabase } from '../queue/local-database.ts';
import { createTaskRunner, type ResultOf, type Task } from './device-tasks.ts';
import { createIngestStore } from './ingest.store.ts';
import type { WorkerPool } from './worker-pool.ts';

const ROLES = ['admin' as const];
const IDENTIFIED = { name: 'identified', version: 1, deidentify: false, options: [], roles: ROLES };
const DEIDENTIFIED = { name: 'deidentified', version: 1, deidentify: true, options: [], roles: ROLES };

function filesOf(study: SyntheticStudy, folder = ''): File[] {
  return study.instances.map(({ bytes, fileName }) => inFolder(new File([bytes], fileName), folder));
}

/** As `webkitdirectory` gives it. */
function inFolder(file: File, folder: string): File {
  if (folder !== '') Object.defineProperty(file, 'webkitRelativePath', { value: `${folder}/${file.name}` });
  return file;
}

async function device(chosen = IDENTIFIED, room: number | null = null) {
  const database = openLocalDatabase({ indexedDB: new IDBFactory(), IDBKeyRange });
  const key = deviceKey(database);
  const runner = createTaskRunner(database, () => key);
  const hooks = { beforeTask: (_task: Task): void => undefined };
  const pool: WorkerPool = {
    size: 2,
    async run<T extends Task>(task: T, abort: AbortSignal): Promise<ResultOf<T>> {
      hooks.beforeTask(task);
      abort.throwIfAborted();
      return runner.run(task);
    },
    close: () => undefined,
  };
  const projectKey = await importProjectKey(new Uint8Array(32).fill(7));
  const policies = signal<KnownPolicies | null>({ policies: [IDENTIFIED, DEIDENTIFIED], default: chosen.name, projectKey, projectKeyId: 'p1' });
  let queued = 0;
  const store = createIngestStore({
    database, key, pool, policies, now: () => 1, createId: () => crypto.randomUUID(), account: () => 'a', later: (work) => void queueMicrotask(work), room: async () => room,
    whileWriting: (_, work) => work(), sample: async () => [], onQueued: () => (queued += 1),
  });
  const queue = createInstanceQueue({ database, key: await key, account: 'a', now: () => 1 });
  return { database, store, queue, hooks, queued: () => queued };
}

test('a folder becomes studies and series; what is not DICOM is passed over, what is damaged is named', async () => {
  const { store } = await device();
  const study = syntheticStudy({ seed: 1, series: 2, instancesPerSeries: 3 });
  const cut = inFolder(new File([study.instances[0]!.bytes.slice(0, 700)], 'cut.dcm'), 'cd');
  await store.addFiles([...filesOf(study, 'cd'), inFolder(new File(['readme'], 'README.TXT'), 'cd'), cut]);
  assert.is(store.phase.value, 'found');
  const [found] = store.studies.value;
  assert.equal([store.studies.value.length, found?.series.length, found?.instances], [1, 2, 6]);
  assert.is(store.skipped.value, 1);
  assert.equal(store.rejected.value.map(({ path, reason }) => [path, reason]), [['cd/cut.dcm', 'truncated']]);
  assert.equal([store.progress.value.filesFound, store.progress.value.filesRead, store.progress.value.listing], [8, 8, false]);
});

test('two patients in one choice are pointed out on both', async () => {
  const { store } = await device();
  await store.addFiles([...filesOf(syntheticStudy({ seed: 1 })), ...filesOf(syntheticStudy({ seed: 2 }))]);
  assert.ok(store.studies.value.every((study) => study.warnings.includes('two-patients')));
});

test('after Send every instance is safe on the device, the same one only once, and nothing is left to send', async () => {
  const { store, queue, database, queued } = await device();
  const study = syntheticStudy({ seed: 3, series: 2, instancesPerSeries: 4 });
  await store.addFiles([...filesOf(study), filesOf(study)[0]!]);
  assert.ok(store.studies.value[0]?.warnings.includes('duplicates'));
  await store.send();
  assert.equal([store.phase.value, store.studies.value.length, store.problem.value, queued()], ['idle', 0, null, 1]);
  const [pending] = await queue.pending();
  assert.is(pending?.state, 'safe');
  const manifest = await queue.manifestOf(pending!.id);
  assert.equal(manifest.instances.map(({ sopInstanceUID }) => sopInstanceUID).sort(), study.instances.map(({ identifiers }) => identifiers.sopInstanceUID).sort());
  assert.is(await database.parcels.count(), 2, 'a parcel holds one series');
});

test('under a de-identifying policy no identifying value is in what is queued', async () => {
  const { store, queue } = await device(DEIDENTIFIED);
  const study = syntheticStudy({ seed: 4 });
  await store.addFiles(filesOf(study));
  await store.send();
  const [pending] = await queue.pending();
  const manifest = await queue.manifestOf(pending!.id);
  assert.is.not(manifest.studyInstanceUID, study.studyInstanceUID);
  assert.ok(manifest.instances.every((instance) => instance.originalDigest !== undefined));
  for await (const parcel of queue.parcelsFor(pending!.id, manifest.instances)) {
    const body = Buffer.from(await parcel.read(0, parcel.bytes)).toString('latin1');
    for (const planted of [...study.planted, study.studyInstanceUID]) assert.not(body.includes(planted), planted);
  }
});

test('what is taken back while it is copied leaves nothing half in the queue', async () => {
  const { store, database, hooks } = await device();
  await store.addFiles(filesOf(syntheticStudy({ seed: 5, series: 3 })));
  let packed = 0;
  hooks.beforeTask = (task) => {
    if (task.kind === 'pack' && (packed += 1) === 2) store.cancel();
  };
  await store.send();
  assert.equal([await database.studies.count(), await database.parcels.count(), await database.records.count()], [0, 0, 0]);
  assert.equal([store.phase.value, store.studies.value.length, store.problem.value], ['found', 1, null]);
});

test('without room on the device nothing is begun and the reason is said', async () => {
  const { store, database } = await device(IDENTIFIED, 1000);
  await store.addFiles(filesOf(syntheticStudy({ seed: 6 })));
  await store.send();
  assert.equal([store.problem.value, await database.studies.count(), store.studies.value.length], ['no-room', 0, 1]);
});

test('only the studies that are chosen are sent', async () => {
  const { store, database } = await device();
  const [first, second] = [syntheticStudy({ seed: 7 }), syntheticStudy({ seed: 8 })];
  await store.addFiles([...filesOf(first), ...filesOf(second)]);
  store.toggle(first.studyInstanceUID);
  await store.send();
  assert.equal((await database.studies.toArray()).map(({ studyInstanceUID }) => studyInstanceUID), [second.studyInstanceUID]);
  assert.equal(store.studies.value.map(({ studyInstanceUID }) => studyInstanceUID), [first.studyInstanceUID]);
});

test.run();
