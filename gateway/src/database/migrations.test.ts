/** The ladder, on rungs made up for the test: there is only one real one until the first release. */
import { type Kysely, sql } from 'kysely';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createTestDatabase } from '../testing/open-database.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrations.ts';

const FIRST = '9001-made-up-table';
const SECOND = '9002-made-up-column';
const run = (text: string) => async (db: Kysely<unknown>) => void (await sql.raw(text).execute(db));

const older = { [FIRST]: { up: run('create table rung (id int primary key)') } };
const newer = {
  ...older,
  [SECOND]: { up: run('alter table rung add column doubled int; update rung set doubled = id * 2') },
};

/** A database on the older rung, with a row in it. */
async function openOlder() {
  const { url, drop } = await createTestDatabase();
  const database = await openDatabase({ kind: 'server', url });
  const db = database.db as unknown as Kysely<unknown>;
  // The real rungs have been climbed, and Kysely wants to see them in every list.
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  const real = Object.fromEntries(rows.map(({ name }) => [name, { up: run('select 1') }]));
  await migrate(db, { ...real, ...older });
  await sql`insert into rung values (21)`.execute(db);
  const doubled = async () => (await sql`select id, doubled from rung`.execute(db)).rows;
  const close = async () => {
    await database.close();
    await drop();
  };
  return { db, real, doubled, close };
}

test('a database on an older rung climbs with its data in it, once, whoever starts at the same time', async () => {
  const { db, real, doubled, close } = await openOlder();
  const all = { ...real, ...newer };
  await Promise.all([migrate(db, all), migrate(db, all)]);
  assert.equal(await doubled(), [{ id: 21, doubled: 42 }]);
  await sql`update rung set doubled = 0`.execute(db);
  await migrate(db, all);
  assert.equal(await doubled(), [{ id: 21, doubled: 0 }]);
  await close();
});

test('a failing migration is rolled back as a whole, and the start fails with its error', async () => {
  const { db, real, doubled, close } = await openOlder();
  const breaking = { up: run('alter table rung add column doubled int; select 1 / 0') };
  const failed = await migrate(db, { ...real, ...older, [SECOND]: breaking }).catch((error: Error) => error);
  assert.match(String(failed), 'division by zero');
  await migrate(db, { ...real, ...newer });
  assert.equal(await doubled(), [{ id: 21, doubled: 42 }]);
  await close();
});

test.run();
