/** The device's disk runs full at each single write of a Send. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { createTestDisk } from '../../testing/open-disk.ts';
import { openDevice, queueStudy } from '../../testing/open-queue.ts';
import { filesOf, openIngest } from '../../testing/open-ingest.ts';

for (const refuses of ['request', 'transaction'] as const) {
  test(`a disk that is full at any write (told of the ${refuses}) leaves the study whole or absent, the others untouched, and the person told`, async () => {
    const study = syntheticStudy({ seed: 20, series: 2, instancesPerSeries: 2, rows: 16, columns: 16 });
    let told = 0;
    for (let nth = 0; ; nth += 1) {
      const disk = createTestDisk(refuses);
      const device = await openDevice(undefined, disk.prepare);
      await queueStudy(device, 'other', [100, 200]);
      const { store, queue, database } = await openIngest({ device });
      await store.addFiles(filesOf(study));
      const before = { parcels: await database.parcels.count(), records: await database.records.count() };
      disk.fullAt = disk.writes + nth;
      await store.send();
      const isOver = disk.writes <= disk.fullAt;
      disk.fullAt = Number.POSITIVE_INFINITY;
      const ids = (await queue.pending()).map(({ id }) => id);
      assert.ok(ids.includes('other'), `write ${nth}`);
      assert.is((await database.instances.where('studyId').equals('other').toArray()).length, 2);
      if (ids.length === 1) {
        told += 1;
        assert.is(store.problem.value, 'no-room', `write ${nth}`);
        const left = [
          await database.studies.count(),
          await database.instances.count(),
          await database.parcels.count(),
          await database.records.count(),
        ];
        assert.equal(left, [1, 2, before.parcels, before.records], `write ${nth}`);
        assert.equal(
          [store.phase.value, store.studies.value.length],
          ['found', 1],
          'it can be chosen again as it stands',
        );
        await store.send();
      }
      const [added, ...more] = (await queue.pending()).filter(({ id }) => id !== 'other');
      assert.equal([added?.state, more.length, store.problem.value], ['safe', 0, null], `write ${nth}`);
      assert.is((await queue.manifestOf(added!.id)).instances.length, 4);
      assert.is(
        (await Array.fromAsync(queue.parcelsFor(added!.id, (await queue.manifestOf(added!.id)).instances)))
          .length,
        2,
      );
      database.close();
      if (isOver) break;
    }
    assert.ok(told > 10, `${told} writes were refused`);
  });
}

test.run();
