/** Jobs take turns by group: one with many of them leaves places to the others. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestDatabase } from '../testing/open-database.ts';
import { createJobs } from './jobs.ts';

const test = suite('jobs of one group');

test('have only some of the places, however many wait: a job of another group begins past them', async () => {
  const database = await openTestDatabase();
  const jobs = await createJobs(database, { failed: () => undefined, trouble: () => undefined });
  await jobs.declare('verify');
  await database.db.transaction().execute(async (trx) => {
    for (let i = 0; i < 6; i += 1)
      await jobs.enqueue(trx, 'verify', { of: 'slow' }, { key: `slow ${i}`, group: 'slow' });
    await jobs.enqueue(trx, 'verify', { of: 'other' }, { key: 'other', group: 'other' });
  });
  const begun: string[] = [];
  const gate = Promise.withResolvers<void>();
  const other = Promise.withResolvers<void>();
  const two = Promise.withResolvers<void>();
  const all = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  await jobs.work<{ of: string }>('verify', { concurrency: 3, ofOneGroup: 2 }, async ({ of }) => {
    begun.push(of);
    if (begun.length === 7) all.resolve();
    if (of === 'other') return other.resolve();
    running += 1;
    most = Math.max(most, running);
    if (running === 2) two.resolve();
    await gate.promise;
    running -= 1;
  });
  // All of them come while none of the slow ones has ended.
  await Promise.all([two.promise, other.promise]);
  gate.resolve();
  await all.promise;
  assert.is(most, 2);
  await jobs.stop();
  await database.close();
});

test.run();
