/**
 * The screen's memory: the comparison follows the instance, the policy and a release, stays nowhere else, and
 * is gone when the screen is left.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import type { FileRef } from '../ingest/choose/collect-files.ts';
import type { Task } from '../ingest/workers/device-tasks.ts';
import { DEIDENTIFIED, filesOf, openIngest } from '../../testing/open-ingest.ts';
import { createComparisonStore, type ComparisonStore, type Shown } from './comparison.store.ts';

/** Resolves once the screen shows this kind; rejects where the comparison ends with another. */
function until<K extends Shown['kind']>(
  store: ComparisonStore,
  kind: K,
): Promise<Extract<Shown, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const stop = store.shown.subscribe((shown) => {
      if (shown.kind === 'reading') return;
      queueMicrotask(() => {
        stop();
        if (shown.kind === kind) resolve(shown as Extract<Shown, { kind: K }>);
        else reject(new Error(`${kind} was expected, and the screen shows ${JSON.stringify(shown)}`));
      });
    });
  });
}

async function open(options: { readonly burnedInSeries?: number } = {}) {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const study = syntheticStudy({ seed: 21, series: 2, instancesPerSeries: 3, ...options });
  await device.store.addFiles(filesOf(study));
  const store = createComparisonStore(device.store, study.studyInstanceUID);
  return { ...device, study, ingest: device.store, store };
}

const shownValuesOf = (store: ComparisonStore, path: string) => {
  const shown = store.shown.value;
  const row = shown.kind === 'compared' ? shown.rows.find((each) => each.path === path) : undefined;
  return [
    row?.before?.kind === 'text' ? row.before.text : null,
    row?.after?.kind === 'text' ? row.after.text : null,
  ];
};

test('the first instance is shown first, then the one that is asked for, in its series', async () => {
  const { store } = await open();
  await until(store, 'compared');
  const place = () => [
    store.place.value?.at,
    ...['0020,0013', '0020,0011'].map((path) => shownValuesOf(store, path)[0]),
  ];
  assert.equal(place(), [0, '1', '1']);
  store.show(store.series.value[1]!.files[2]!);
  assert.is(store.shown.value.kind, 'reading', 'values of another instance do not stand under its number');
  await until(store, 'compared');
  assert.equal(place(), [2, '3', '2']);
  store.close();
});

test('pressing next twice shows the last instance, whichever answer comes first', async () => {
  const { store, hooks } = await open();
  await until(store, 'compared');
  const finish = new Map<FileRef, () => void>();
  hooks.afterTask = (task: Task) =>
    task.kind === 'compare'
      ? new Promise<void>((resolve) => finish.set(task.ref, resolve))
      : Promise.resolve();
  const [, second, third] = store.series.value[0]!.files;
  store.show(second!);
  store.show(third!);
  while (finish.size < 2) await new Promise((resolve) => setImmediate(resolve));
  finish.get(third!.file.ref)!();
  await until(store, 'compared');
  finish.get(second!.file.ref)!();
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(shownValuesOf(store, '0020,0013')[0], '3');
  store.close();
});

test('another policy is shown at once; while none is known the screen says so', async () => {
  const { store, ingest, policies } = await open();
  await until(store, 'compared');
  assert.is.not(...(shownValuesOf(store, '0010,0020') as [string, string]));
  ingest.choosePolicy('identified');
  await until(store, 'compared');
  assert.is(...(shownValuesOf(store, '0010,0020') as [string, string]));
  assert.not(store.hasChanges.value);
  policies.value = null;
  await until(store, 'policy-unknown');
  store.close();
});

test('an instance held back is compared once it is released, and held again when the release is withdrawn', async () => {
  const { store, ingest } = await open({ burnedInSeries: 1 });
  assert.is((await until(store, 'quarantined')).because, 'burned-in-annotation');
  ingest.release([store.place.value!.found]);
  await until(store, 'compared');
  assert.equal(shownValuesOf(store, '0028,0301'), ['YES', 'NO']);
  ingest.holdBack([store.place.value!.found]);
  await until(store, 'quarantined');
  store.close();
});

test('if the worker dies the screen offers to try again', async () => {
  const { store, hooks } = await open();
  await until(store, 'compared');
  hooks.beforeTask = async (task) => {
    if (task.kind === 'compare') throw new Error('died');
  };
  store.again();
  await until(store, 'failed');
  hooks.beforeTask = async () => undefined;
  store.again();
  assert.is((await until(store, 'compared')).kind, 'compared');
  store.close();
});

test('nothing of a comparison is written on the device, and after leaving the screen nothing of it stays in memory', async () => {
  const { database, ingest, study } = await open();
  const rows = () => Promise.all(database.tables.map((table) => table.toArray()));
  const before = await rows();
  const store = createComparisonStore(ingest, study.studyInstanceUID);
  await until(store, 'compared');
  assert.equal(await rows(), before);
  store.search('QzId');
  assert.ok(store.entries.value.found > 0);
  store.close();
  assert.equal([store.shown.value, store.list.value.query], [{ kind: 'reading' }, '']);
  assert.equal(store.entries.value, { entries: [], found: 0 });
});

test('an answer that comes after leaving the screen is discarded', async () => {
  const { store, hooks } = await open();
  await until(store, 'compared');
  let finish = () => {};
  const held = new Promise<void>((resolve) => (finish = resolve));
  hooks.afterTask = (task) => (task.kind === 'compare' ? held : Promise.resolve());
  store.show(store.series.value[0]!.files[1]!);
  store.close();
  finish();
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(store.shown.value.kind, 'reading');
});

test.run();
