import { setTimeout as after } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TestDatabase, testDatabases } from '../testing/open-database.ts';
import { createJobs, type JobEvents } from './jobs.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';

const silent: JobEvents = {
  failed: () => {},
  trouble: (error) => {
    throw error;
  },
};

/** Longer than any test waits. */
const AN_HOUR_SECONDS = 3600;

for (const { name, open } of testDatabases('jobs')) {
  const test = suite(`jobs on ${name}`);

  test('work enqueued in a transaction begins after its commit without being looked for, and not when it is rolled back', async () => {
    const database = await open();
    const jobs = await createJobs(database, silent, AN_HOUR_SECONDS);
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

  test('two waiting jobs of one key, begun in the same instant, do not run side by side', async () => {
    const { database, jobs } = await begin(open);
    await jobs.declare('study');
    for (const key of ['study-2', 'study-3'])
      await database.db.transaction().execute((trx) => jobs.enqueue(trx, 'study', { key }, { key }));
    // As it can come about: one failed and waits to be tried again while another was asked for.
    await sqlAll(database, `update jobs.job set group_id = 'study-2', singleton_key = 'study-2'`);
    const done = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    let runs = 0;
    await jobs.work('study', { concurrency: 2 }, async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 50));
      running -= 1;
      runs += 1;
      if (runs === 2) done.resolve();
    });
    await done.promise;
    assert.is(most, 1);
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
    // As SIGKILL leaves it: taken, never finished.
    await sqlAll(database, `update jobs.job set state = 'active', started_on = now(), heartbeat_on = now()`);
    const next = await createJobs(database, silent);
    const done = Promise.withResolvers<number>();
    await next.work('stage', { concurrency: 1 }, async (_data, _signal, { attempt }) =>
      done.resolve(attempt),
    );
    assert.is(await done.promise, 1);
    await end(database, next);
  });

  test('stop tells the handlers and waits for them; the next gateway runs the unfinished jobs', async () => {
    const { database, jobs } = await begin(open);
    const begun = Promise.withResolvers<void>();
    const course: string[] = [];
    await jobs.work('stage', { concurrency: 1 }, async (_data, signal) => {
      begun.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      course.push('told');
      await after(50);
      course.push('ended');
      throw signal.reason;
    });
    await database.db.transaction().execute((trx) => jobs.enqueue(trx, 'stage', {}));
    await begun.promise;
    await jobs.stop();
    assert.equal(course, ['told', 'ended']);
    const next = await createJobs(database, silent);
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

async function begin(open: TestDatabase['open'], events: JobEvents = silent) {
  const database = await open();
  return { database, jobs: await createJobs(database, events) };
}

type Opened = Awaited<ReturnType<typeof begin>>;
async function end(database: Opened['database'], jobs: Opened['jobs']): Promise<void> {
  await jobs.stop();
  await database.close();
}
async function sqlAll(database: Opened['database'], statement: string): Promise<{ rows: unknown[] }> {
  const { sql } = await import('kysely');
  return sql.raw(statement).execute(database.db);
}
