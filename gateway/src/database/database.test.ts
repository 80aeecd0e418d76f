import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { everyNth } from '#testing/every-nth.ts';
import { type Database, openDatabase } from './database.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { FolderInUse } from './embedded/leftover.ts';

const test = suite('the database');
let database: Database;
test.before(async () => {
  database = await openTestDatabase();
  await sql`create table counter (id int primary key, n bigint not null)`.execute(database.db);
  await sql`insert into counter values (1, 0)`.execute(database.db);
});
test.after(() => database.close());

test('simultaneous transactions each see their own changes, and queries next to them run outside of them', async () => {
  const { db } = database;
  const add = (fail: boolean) =>
    db.transaction().execute(async (trx) => {
      const {
        rows: [row],
      } = await sql<{ n: number }>`select n from counter where id = 1 for update`.execute(trx);
      await sql`update counter set n = ${row!.n + 1} where id = 1`.execute(trx);
      if (fail) throw new Error('undo');
    });
  const beside = Array.from({ length: 10 }, (_, i) =>
    sql`insert into counter values (${10 + i}, 0)`.execute(db),
  );
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => add(i % 3 === 0)));
  await Promise.all(beside);
  assert.is(outcomes.filter(({ status }) => status === 'rejected').length, 10);
  const { rows } = await sql<{
    n: number;
  }>`select n from counter where id = 1 or id between 10 and 19 order by id`.execute(db);
  assert.equal(
    rows.map(({ n }) => n),
    [20, ...Array<number>(10).fill(0)],
    'none of the ten was undone with a transaction beside it',
  );
});

test('sizes are numbers, times are dates, bytes are bytes', async () => {
  const bytes = Uint8Array.from([0, 1, 254, 255]);
  const {
    rows: [row],
  } = await sql<{ size: number; at: Date; raw: Uint8Array; list: string[]; json: unknown }>`
      select ${16 * 1024 ** 3}::bigint as size, ${new Date(1e12)}::timestamptz as at, ${bytes}::bytea as raw,
        ${['technician', 'admin']}::text[] as list, ${'{"a":[1]}'}::jsonb as json`.execute(database.db);
  assert.equal(
    [row?.size, row?.at.getTime(), [...(row?.raw ?? [])], row?.list, row?.json],
    [17_179_869_184, 1e12, [...bytes], ['technician', 'admin'], { a: [1] }],
  );
});

test('a statement that fails ruins its own transaction only', async () => {
  const failed = await database.db
    .transaction()
    .execute((trx) => sql`select 1 / 0`.execute(trx))
    .catch((error: Error) => error);
  assert.instance(failed, Error);
  await database.ping();
});

test('the server ends the connection in the middle of a transaction: that transaction fails, and nothing else', async () => {
  const failed = database.db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
    // No query uses the connection while it dies: only the pool hears of it.
    await sql`select pg_terminate_backend(${rows[0]!.pid}), pg_sleep(0.1)`.execute(database.db);
    await sql`select 1`.execute(trx);
  });
  assert.is(
    await failed.then(
      () => 'done',
      () => 'failed',
    ),
    'failed',
  );
  await database.ping();
});

test('rolling back a part of a transaction keeps the rest', async () => {
  const trx = await database.db.startTransaction().execute();
  await sql`insert into counter values (100, 0)`.execute(trx);
  const after = await trx.savepoint('part').execute();
  await sql`insert into counter values (101, 0)`.execute(after);
  await after.rollbackToSavepoint('part').execute();
  await after.commit().execute();
  const { rows } = await sql<{ id: number }>`select id from counter where id in (100, 101)`.execute(
    database.db,
  );
  assert.equal(rows, [{ id: 100 }]);
});

test.run();

const folders = suite('a database in a folder');
folders(
  'belongs to one process: a second one is refused in words, and the lock of a dead one is no lock',
  async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'relaypacs-database-')), 'database');
    const first = await openDatabase({ kind: 'folder', path });
    const second = await openDatabase({ kind: 'folder', path }).catch((error: unknown) => error);
    assert.instance(second, FolderInUse);
    assert.match((second as Error).message, `in use by process ${process.pid}`);
    await first.close();
    await (await openDatabase({ kind: 'folder', path })).close();
    rmSync(path, { recursive: true });
  },
);

folders('keeps every committed row through SIGKILL, however often', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'relaypacs-database-')), 'database');
  let promised = 0;
  for (const killAfter of everyNth([5, 40, 90], 2, 1)) {
    promised = await writeUntilKilled(path, promised + killAfter);
    const database = await openDatabase({ kind: 'folder', path });
    const {
      rows: [row],
    } = await sql<{
      count: number;
      last: number;
    }>`select count(*) as count, max(n) as last from kept`.execute(database.db);
    // The last one may have been committed and not yet said.
    assert.ok(
      row && row.count >= promised && row.count <= promised + 1 && row.last === row.count,
      `${JSON.stringify(row)}, promised ${promised}`,
    );
    promised = row!.count;
    await sql`delete from kept where n = 0`.execute(database.db);
    await database.close();
  }
  rmSync(path, { recursive: true });
});
folders.run();

/**
 * Runs the writer until it has committed row `upTo`, then kills it. The last row that it said was committed.
 */
async function writeUntilKilled(path: string, upTo: number): Promise<number> {
  const writer = spawn(
    process.execPath,
    [fileURLToPath(new URL('../testing/write-rows.ts', import.meta.url)), path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    said = Number(line);
    if (said >= upTo) writer.kill('SIGKILL');
  }
  return said;
}
