/** A silent gateway counts as dead once its heartbeat is late. */
import { sql } from 'kysely';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openDatabase } from '../database/database.ts';
import { testDatabases } from '../testing/open-database.ts';
import { createJobs, type JobEvents } from './jobs.ts';

const silent: JobEvents = {
  failed: () => {},
  trouble: (error) => {
    throw error;
  },
};

for (const { name, open } of testDatabases('two gateways').filter((one) => one.name === 'PostgreSQL')) {
  test(`with another gateway running, a dead one's job is taken over when its heartbeat is late, and the living one's is left alone (${name})`, async () => {
    const first = await open();
    const second = await openDatabase({ kind: 'server', url: first.url });
    const here = await createJobs(first, silent);
    const there = await createJobs(second, silent);
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let livingRuns = 0;
    await here.work('living', { concurrency: 1 }, async () => {
      livingRuns += 1;
      begun.resolve();
      await release.promise;
    });
    for (const queue of ['dead', 'busy']) await here.declare(queue);
    await first.db.transaction().execute((trx) => here.enqueue(trx, 'living', {}));
    for (const queue of ['dead', 'busy'])
      await first.db.transaction().execute((trx) => here.enqueue(trx, queue, {}));
    await begun.promise;
    // As a gateway leaves it that was killed with its machine: taken, and its last heartbeat a minute ago.
    await sql`update jobs.job set state = 'active', started_on = now(), heartbeat_on = now() - interval '1 minute'
      where name = 'dead'`.execute(first.db);
    // One that is silent too, but not for too long, however long this test takes.
    await sql`update jobs.job set state = 'active', started_on = now(), heartbeat_on = now() - interval '1 minute',
      heartbeat_seconds = 86400 where name = 'busy'`.execute(first.db);
    const taken = Promise.withResolvers<void>();
    let busyRuns = 0;
    await there.work('living', { concurrency: 1 }, async () => {
      livingRuns += 1;
    });
    await there.work('busy', { concurrency: 1 }, async () => {
      busyRuns += 1;
    });
    await there.work('dead', { concurrency: 1 }, async () => taken.resolve());
    await taken.promise;
    assert.equal([livingRuns, busyRuns], [1, 0]);
    const { rows } = await sql`select state, heartbeat_seconds from jobs.job where name in ('living', 'busy')
      order by heartbeat_seconds`.execute(first.db);
    assert.equal(rows, [
      { state: 'active', heartbeat_seconds: 30 },
      { state: 'active', heartbeat_seconds: 86_400 },
    ]);
    release.resolve();
    await there.stop();
    await here.stop();
    await second.close();
    await first.close();
  });
}

test.run();
