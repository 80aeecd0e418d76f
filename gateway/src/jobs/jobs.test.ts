import pg from 'pg';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { openDatabase } from '../database/database.ts';
import { createTestDatabase, type TestDatabase, testDatabases } from '../testing/open-database.ts';
import { mendDates } from './job-rows.ts';
import { createJobs, type JobEvents } from './jobs.ts';
import type { Pace } from './pace.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';

const silent: JobEvents = {
  failed: () => {},
  trouble: (error) => {
    throw error;
  },
};

const QUICK: Pace = {
  pollSeconds: 0.5,
  superviseSeconds: 1,
  retryDelayLimitSeconds: 0,
  clocksAfterSeconds: 0,
};
/** Longer than any test waits. */
const AN_HOUR_SECONDS = 3600;

for (const { name, open } of testDatabases('jobs')) {
  const test = suite(`jobs on ${name}`);

  test('work enqueued in a transaction begins after its commit without being looked for, and not when it is rolled back', async () => {
    const database = await open();
    const jobs = await createJobs(database, silent, { pollSeconds: AN_HOUR_SECONDS });
    const seen: string[] = [];
    const done = Promise.withResolvers<void>();
    await jobs.work<{ what: string }>('stage', { concurrency: 2 }, async ({ what }) => {
      seen.push(what);
      if (seen.length === 3) done.resolve();
    });
    const undone = database.db.transaction().execute(async (trx) => {
      await jobs.enqueue(trx, 'stage', { what: 'never' });
      throw new Error('undo');
    });
    await ignoreFailure(undone, 'it is meant to be undone');
    for (const what of ['a', 'b', 'c']) {
      await database.db.transaction().execute(async (trx) => {
        await jobs.enqueue(trx, 'stage', { what });
      });
    }
    await done.promise;
    assert.equal(seen.sort(), ['a', 'b', 'c']);
    await end(database, jobs);
  });

  test('jobs of one key run one after the other; a job requested while one waits is that one', async () => {
    const { database, jobs } = await begin(open);
    const gate = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    let runs = 0;
    await jobs.work('study', { concurrency: 4 }, async () => {
      running += 1;
      runs += 1;
      most = Math.max(most, running);
      if (runs === 1) {
        first.resolve();
        await gate.promise;
      } else second.resolve();
      running -= 1;
    });
    const ask = () =>
      database.db.transaction().execute((trx) => jobs.enqueue(trx, 'study', {}, { key: 'study-1' }));
    await ask();
    await first.promise;
    await Promise.all([ask(), ask(), ask()]);
    gate.resolve();
    await second.promise;
    await jobs.stop();
    assert.equal([runs, most], [2, 1]);
    await database.close();
  });

  test('two jobs of one key, begun in the same instant, do not run side by side', async () => {
    const { database, jobs } = await begin(open);
    await jobs.declare('study');
    for (const key of ['study-2', 'study-3'])
      await database.db.transaction().execute((trx) => jobs.enqueue(trx, 'study', { key }, { key }));
    // A state that can come about: one job failed and waits to be tried again while another was asked for and taken.
    await sqlAll(database, `update jobs.job set singleton_key = 'study-2'`);
    await sqlAll(
      database,
      `update jobs.job set state = 'active', started_on = now(), heartbeat_seconds = null where group_id = 'study-3'`,
    );
    const done = Promise.withResolvers<void>();
    let runs = 0;
    await jobs.work('study', { concurrency: 2 }, async () => {
      runs += 1;
      done.resolve();
    });
    await until('the other to step back', () => isTriedAgain(database, 'study'));
    assert.is(runs, 0);
    await sqlAll(database, `update jobs.job set state = 'completed' where group_id = 'study-3'`);
    await done.promise;
    await end(database, jobs);
  });

  test('a job that fails is tried again, and its error is not kept in the database', async () => {
    const failures: number[] = [];
    const { database, jobs } = await begin(open, {
      ...silent,
      failed: (_queue, _id, attempt) => void failures.push(attempt),
    });
    const done = Promise.withResolvers<number>();
    await jobs.work('stage', { concurrency: 1 }, async (_data, _signal, { attempt }) => {
      if (attempt === 0) throw new Error('Patient Name: PLANTED^NAME');
      done.resolve(attempt);
    });
    await database.db.transaction().execute((trx) => jobs.enqueue(trx, 'stage', {}));
    assert.is(await done.promise, 1);
    await jobs.stop();
    assert.equal(failures, [0]);
    const { rows } = await sqlAll(database, 'select * from jobs.job');
    assert.not.match(JSON.stringify(rows), 'PLANTED');
    await database.close();
  });

  test('a job that a dead gateway left unfinished is run again at once by the next one, if that is alone', async () => {
    const { database, jobs } = await begin(open);
    await jobs.declare('stage');
    await database.db.transaction().execute((trx) => jobs.enqueue(trx, 'stage', { what: 'left' }));
    await jobs.stop();
    // SIGKILL leaves a job like this: taken, never finished.
    await sqlAll(database, `update jobs.job set state = 'active', started_on = now(), heartbeat_on = now()`);
    const next = await createJobs(database, silent);
    const done = Promise.withResolvers<number>();
    await next.work('stage', { concurrency: 1 }, async (_data, _signal, { attempt }) =>
      done.resolve(attempt),
    );
    assert.is(await done.promise, 1);
    await end(database, next);
  });

  test('no job is put off for more than a minute, whatever it asks for', async () => {
    const { database, jobs } = await begin(open);
    await jobs.declare('stage');
    await database.db
      .transaction()
      .execute((trx) => jobs.enqueue(trx, 'stage', {}, { key: 'one', startAfterSeconds: AN_HOUR_SECONDS }));
    const late = await sqlAll(
      database,
      `select 1 from jobs.job where name = 'stage' and start_after > now() + interval '61 seconds'`,
    );
    assert.equal(late.rows, []);
    await end(database, jobs);
  });

  for (const ahead of ['2 hours', '1 year'])
    test(`a job that was put off while the database's clock was ${ahead} ahead begins at the next start`, async () => {
      const { database, jobs } = await begin(open);
      await jobs.declare('stage');
      await setClock(database, ahead);
      await database.db
        .transaction()
        .execute((trx) => jobs.enqueue(trx, 'stage', {}, { key: 'one', startAfterSeconds: 30 }));
      await setClock(database, '0 s');
      await jobs.stop();
      const next = await createJobs(database, silent);
      const done = Promise.withResolvers<number>();
      await next.work('stage', { concurrency: 1 }, async (_data, _signal, { attempt }) =>
        done.resolve(attempt),
      );
      assert.is(await done.promise, 0);
      await end(database, next);
    });

  test('no date that pg-boss compares with its clock stays in the future', async () => {
    const { database, jobs } = await begin(open);
    await jobs.declare('stage');
    await database.db.transaction().execute((trx) => jobs.enqueue(trx, 'stage', {}));
    await sqlAll(
      database,
      `update jobs.job set state = 'active', started_on = now() + interval '1 year', heartbeat_on = now() + interval '1 year'`,
    );
    const passes = ['monitor_claim_on', 'monitor_on', 'maintain_on'];
    await sqlAll(
      database,
      `update jobs.queue set ${passes.map((column) => `${column} = now() + interval '1 year'`).join(', ')}`,
    );
    await mendDates(database.db);
    const { rows } = await sqlAll(
      database,
      `select 'job' from jobs.job where started_on > now() or heartbeat_on > now() union all
       select 'queue' from jobs.queue where greatest(${passes.join(', ')}) > now()`,
    );
    assert.equal(rows, []);
    await end(database, jobs);
  });

  test('a job that is taken for dead while its handler runs is not begun beside it', async () => {
    const { database, jobs } = await begin(open);
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const again = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    let runs = 0;
    await jobs.work('stage', { concurrency: 2 }, async () => {
      runs += 1;
      running += 1;
      most = Math.max(most, running);
      begun.resolve();
      if (runs === 1) await gate.promise;
      else again.resolve();
      running -= 1;
    });
    await database.db.transaction().execute((trx) => jobs.enqueue(trx, 'stage', {}));
    await begun.promise;
    // pg-boss does this when the clock is set forward: the heartbeat is late by a year.
    await sqlAll(database, `update jobs.job set state = 'retry', start_after = now() where name = 'stage'`);
    await until('it to be taken', () => isTriedAgain(database, 'stage'));
    gate.resolve();
    await again.promise;
    assert.equal([runs, most], [2, 1]);
    await end(database, jobs);
  });

  test('work that repeats runs at once and again, also after it failed, and ends with stop', async () => {
    const database = await open();
    const troubles: unknown[] = [];
    const jobs = await createJobs(database, { ...silent, trouble: (error) => void troubles.push(error) });
    const thrice = Promise.withResolvers<void>();
    let runs = 0;
    await jobs.every(0.01, async () => {
      runs += 1;
      if (runs === 2) throw new Error('once');
      if (runs === 3) thrice.resolve();
    });
    assert.is(runs, 1);
    await thrice.promise;
    await jobs.stop();
    const atStop = runs;
    const others = await createJobs(database, silent);
    const fiveMore = Promise.withResolvers<void>();
    let rounds = 0;
    await others.every(0.01, async () => {
      rounds += 1;
      if (rounds > 5) fiveMore.resolve();
    });
    await fiveMore.promise;
    assert.equal([runs, troubles.length], [atStop, 1]);
    await others.stop();
    await database.close();
  });

  test('work of a clock is not asked for at the start, and is a moment later', async () => {
    const { database, jobs: soon } = await begin(open);
    const later = await createJobs(database, silent, { ...QUICK, clocksAfterSeconds: AN_HOUR_SECONDS });
    const asked = Promise.withResolvers<void>();
    let isTooEarly = false;
    later.everyFromSoon(0.01, async () => {
      isTooEarly = true;
    });
    soon.everyFromSoon(0.01, async () => asked.resolve());
    await asked.promise;
    assert.is(isTooEarly, false);
    await later.stop();
    await end(database, soon);
  });

  test("with another gateway running, a dead one's jobs are taken over once their heartbeats are late, and the living one's is left alone", async () => {
    const { database, jobs: here } = await begin(open);
    const second = await openDatabase({ kind: 'server', url: database.url });
    const there = await createJobs(second, silent, QUICK);
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let livingRuns = 0;
    await here.work('living', { concurrency: 1 }, async () => {
      livingRuns += 1;
      begun.resolve();
      await release.promise;
    });
    await database.db.transaction().execute((trx) => here.enqueue(trx, 'living', {}));
    await begun.promise;
    await there.work('living', { concurrency: 1 }, async () => {
      livingRuns += 1;
    });
    // Two, one after the other: in between, all queues have been looked after.
    for (const dead of ['dead', 'dead-too']) {
      await here.declare(dead);
      await database.db.transaction().execute((trx) => here.enqueue(trx, dead, {}));
      // A gateway that was killed with its machine 31 s ago leaves a job like this: taken, and never a heartbeat
      // again.
      await sqlAll(
        database,
        `update jobs.job set state = 'active', started_on = now(), heartbeat_on = now() - interval '31 s' where name = '${dead}'`,
      );
      const taken = Promise.withResolvers<void>();
      await there.work(dead, { concurrency: 1 }, async () => taken.resolve());
      await taken.promise;
    }
    assert.is(livingRuns, 1);
    release.resolve();
    await there.stop();
    await second.close();
    await end(database, here);
  });

  test('connections that the server ends while it stops are no trouble', async () => {
    const shared = await createTestDatabase();
    const database = await openDatabase({ kind: 'server', url: shared.url });
    const troubles: unknown[] = [];
    const jobs = await createJobs(database, { ...silent, trouble: (error) => void troubles.push(error) });
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    await jobs.work('stage', { concurrency: 1 }, async () => {
      begun.resolve();
      await gate.promise;
    });
    await database.db.transaction().execute((trx) => jobs.enqueue(trx, 'stage', {}));
    await begun.promise;
    const deaf = countDeafEnds();
    const stopped = jobs.stop();
    await shared.endConnections();
    gate.resolve();
    await stopped;
    assert.equal(troubles, []);
    await database.close();
    assert.is(
      deaf.restore(),
      0,
      'of connections that end, and would end the process if the server did it first',
    );
    shared.drop();
  });

  test('stop tells the handlers and waits for them; the next gateway runs the unfinished jobs', async () => {
    const { database, jobs } = await begin(open);
    const begun = Promise.withResolvers<void>();
    const course: string[] = [];
    await jobs.work('stage', { concurrency: 1 }, async (_data, signal) => {
      begun.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      course.push('told');
      // Many times what stopping itself asks of the database.
      for (let question = 0; question < 300; question += 1) await sqlAll(database, 'select 1');
      course.push('ended');
      throw signal.reason;
    });
    await database.db.transaction().execute((trx) => jobs.enqueue(trx, 'stage', {}));
    await begun.promise;
    await jobs.stop();
    assert.equal(course, ['told', 'ended']);
    const next = await createJobs(database, silent, QUICK);
    const done = Promise.withResolvers<void>();
    await next.work('stage', { concurrency: 1 }, async () => {
      course.push('run by the next gateway');
      done.resolve();
    });
    await done.promise;
    assert.equal(course.slice(2), ['run by the next gateway']);
    await end(database, next);
  });

  test.run();
}

/** Counts the connections that end while nobody hears their errors. */
function countDeafEnds(): { restore(): number } {
  const prototype = pg.Client.prototype as { end(...args: unknown[]): unknown };
  const { end } = prototype;
  let deaf = 0;
  prototype.end = function (this: pg.Client, ...args) {
    if (this.listenerCount('error') === 0) deaf += 1;
    return end.apply(this, args);
  };
  return {
    restore() {
      prototype.end = end;
      return deaf;
    },
  };
}

async function begin(open: TestDatabase['open'], events: JobEvents = silent) {
  const database = await open();
  return { database, jobs: await createJobs(database, events, QUICK) };
}

type Opened = Awaited<ReturnType<typeof begin>>;
const isTriedAgain = async (database: Opened['database'], queue: string): Promise<boolean> => {
  const found = await sqlAll(database, `select 1 from jobs.job where name = '${queue}' and retry_count > 0`);
  return found.rows.length > 0;
};
async function end(database: Opened['database'], jobs: Opened['jobs']): Promise<void> {
  await jobs.stop();
  await database.close();
}
/** Sets the clock of pg-boss, which is the database's, so far ahead. */
async function setClock(database: Opened['database'], ahead: string): Promise<void> {
  await sqlAll(
    database,
    `create or replace function jobs.job_now() returns timestamptz language sql stable
     as $$ select pg_catalog.now() + interval '${ahead}' $$`,
  );
}

async function sqlAll(database: Opened['database'], statement: string): Promise<{ rows: unknown[] }> {
  const { sql } = await import('kysely');
  return sql.raw(statement).execute(database.db);
}
