/** Jobs take turns by group: one with many of them leaves places to the others. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
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

test('a job of a key that runs begins as soon as that has ended, however often it was passed over', async () => {
  const database = await openTestDatabase();
  const jobs = await createJobs(database, { failed: () => undefined, trouble: () => undefined });
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const second = Promise.withResolvers<string>();
  let runs = 0;
  await jobs.work('forward', { concurrency: 3, ofOneGroup: 3 }, async (_data, _signal, { id }) => {
    runs += 1;
    if (runs > 1) return second.resolve(id);
    begun.resolve();
    await gate.promise;
  });
  const ask = () =>
    database.db
      .transaction()
      .execute((trx) => jobs.enqueue(trx, 'forward', {}, { key: 'study', group: 'account' }));
  await ask();
  await begun.promise;
  await ask();
  // The second job is put off as after it was passed over for the fifth time: its turn would come in half a minute.
  const [putOff] = await until('the second to be passed over', async () => {
    const { rows } = await sql<{ start_after: Date }>`
      update jobs.job set start_after = now() + interval '30 seconds'
      where name = 'forward' and state = 'retry' returning start_after`.execute(database.db);
    return rows.length > 0 && rows;
  });
  gate.resolve();
  const id = await second.promise;
  const { rows } = await sql<{ start_after: Date }>`
    select start_after from jobs.job where id = ${id}`.execute(database.db);
  assert.ok(rows[0]!.start_after < putOff!.start_after, 'its turn was brought forward');
  await jobs.stop();
  await database.close();
});

test.run();
