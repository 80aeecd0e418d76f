/** Slow because it waits, as one must, until a silent gateway counts as dead. */
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
    await here.declare('dead');
    await first.db.transaction().execute((trx) => here.enqueue(trx, 'living', {}));
    await first.db.transaction().execute((trx) => here.enqueue(trx, 'dead', {}));
    await begun.promise;
    // As a gateway leaves it that was killed with its machine: taken, and never a heartbeat again.
    await sql`update jobs.job set state = 'active', started_on = now(), heartbeat_on = now() where name = 'dead'`.execute(
      first.db,
    );
    const began = performance.now();
    const taken = Promise.withResolvers<void>();
    await there.work('living', { concurrency: 1 }, async () => {
      livingRuns += 1;
    });
    await there.work('dead', { concurrency: 1 }, async () => taken.resolve());
    await taken.promise;
    const seconds = (performance.now() - began) / 1000;
    assert.ok(seconds > 20, `${seconds} s`);
    assert.is(livingRuns, 1);
    release.resolve();
    await there.stop();
    await here.stop();
    await second.close();
    await first.close();
  });
}

test.run();
