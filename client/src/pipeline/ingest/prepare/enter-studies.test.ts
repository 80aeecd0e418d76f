/** All studies of one Send have their rows before the first of them is read: a page that ends forgets none. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { filesOf, openIngest } from '../../../testing/open-ingest.ts';
import { clearInterrupted } from '../../queue/rows/drop-study.ts';
import type { LocalDatabase } from '../../queue/rows/local-database.ts';

const SEEDS = [1, 2, 3];
const files = (seeds: readonly number[]) =>
  seeds.flatMap((seed) =>
    filesOf(syntheticStudy({ seed, patient: { name: `Same^${seed % 2}`, id: `ID-${seed}` } })),
  );

const statesOf = async ({ studies }: LocalDatabase) =>
  (await studies.toArray()).map(({ state, waiting, named }) => waiting ?? (named ? 'named' : state)).sort();

/** Leaves the rows as the next page finds them when this one ended at the first task of this kind. */
async function killedAt(kind: 'name' | 'pack', seeds: readonly number[] = SEEDS) {
  const device = await openIngest();
  await device.store.addFiles(files(seeds));
  const reached = Promise.withResolvers<void>();
  device.hooks.beforeTask = async (task) => {
    if (task.kind !== kind) return;
    reached.resolve();
    await new Promise(() => undefined);
  };
  void device.store.send();
  await reached.promise;
  return device;
}

test('a page that ends while it reads the first of three studies leaves all three behind', async () => {
  for (const kind of ['name', 'pack'] as const) {
    const { database } = await killedAt(kind);
    assert.is((await statesOf(database)).length, 3, kind);
    await clearInterrupted(database, async () => false);
    assert.equal(await statesOf(database), ['interrupted', 'interrupted', 'interrupted'], kind);
    const chosen = (await database.studies.toArray()).map((row) => row.chosen);
    assert.ok(
      chosen.every((count) => count > 0),
      'each says how many instances were chosen',
    );
  }
});

test('chosen again, each takes the place of its own row', async () => {
  const device = await killedAt('name');
  await clearInterrupted(device.database, async () => false);
  const later = await openIngest({ device });
  await later.store.addFiles(files([2]));
  await later.store.send();
  assert.equal(await statesOf(device.database), ['interrupted', 'interrupted', 'named']);
  await later.store.addFiles(files(SEEDS));
  await later.store.send();
  assert.not.ok((await statesOf(device.database)).includes('interrupted'));
});

test('of two studies that one title names, one that is chosen again leaves the other', async () => {
  const twins = [4, 5].flatMap((seed) =>
    filesOf(syntheticStudy({ seed, patient: { name: 'Twin^Same', id: 'TWIN' } })),
  );
  const device = await openIngest();
  await device.store.addFiles(twins);
  device.hooks.beforeTask = async ({ kind }) => {
    if (kind === 'name') await new Promise(() => undefined);
  };
  void device.store.send();
  while ((await device.database.studies.count()) < 2) await new Promise(setImmediate);
  await clearInterrupted(device.database, async () => false);
  const later = await openIngest({ device });
  await later.store.addFiles(twins.slice(0, twins.length / 2));
  await later.store.send();
  assert.equal(await statesOf(device.database), ['interrupted', 'named']);
});

test('a Send that is given up leaves no row of a study that was not reached', async () => {
  const device = await openIngest();
  await device.store.addFiles(files(SEEDS));
  device.hooks.beforeTask = async ({ kind }) => {
    if (kind === 'pack') throw new Error('the device fails');
  };
  await device.store.send();
  assert.equal(await statesOf(device.database), []);
  assert.is(device.store.problem.value, 'device-failed');
  assert.is(device.store.studies.value.length, 3, 'they are on the page still');
});

test.run();
