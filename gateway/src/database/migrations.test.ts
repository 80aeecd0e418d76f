/** The ladder, on rungs made up for the test, and the text of the real ones. */
import { type Kysely, sql } from 'kysely';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createTestDatabase } from '../testing/open-database.ts';
import { openDatabase } from './database.ts';
import { migrate, printsOf, SchemaRefused, type Climb, type Rung, type Rungs } from './migrations.ts';
import * as initial from './migrations/0001-initial.ts';

const FIRST = '9001-made-up-table';
const SECOND = '9002-made-up-column';
const run = (text: string) => async (db: Kysely<unknown>) => void (await sql.raw(text).execute(db));

const rung = (text: string, kind: Rung['kind'] = 'expand'): Rung => ({
  ...{ up: run(text), statements: [text], kind },
});
const older = { [FIRST]: rung('create table rung (id int primary key)') };
const newer = {
  ...older,
  [SECOND]: rung('alter table rung add column doubled int; update rung set doubled = id * 2'),
};

/** A database on the older rung, with a row in it. */
async function openOlder() {
  const { url, drop } = await createTestDatabase();
  const database = await openDatabase({ kind: 'server', url });
  const db = database.db as unknown as Kysely<unknown>;
  const climb = (rungs: Rungs, version = '0.2.0', beside: Partial<Climb> = {}): Promise<void> =>
    migrate(db, { version, ...beside, rungs: { '0001-initial': initial, ...rungs } });
  await climb(older);
  await sql`insert into rung values (21)`.execute(db);
  const doubled = async () => (await sql`select id, doubled from rung`.execute(db)).rows;
  const close = async () => {
    await database.close();
    await drop();
  };
  return { db, url, climb, doubled, close };
}

const refusal = (climbing: Promise<void>): Promise<string> =>
  climbing.then(
    () => 'not refused',
    (error: unknown) => (error instanceof SchemaRefused ? error.message : `another error: ${String(error)}`),
  );

test('a database on an older rung climbs with its data in it, once, whoever starts at the same time', async () => {
  const { db, climb, doubled, close } = await openOlder();
  await Promise.all([climb(newer), climb(newer)]);
  assert.equal(await doubled(), [{ id: 21, doubled: 42 }]);
  await sql`update rung set doubled = 0`.execute(db);
  await climb(newer);
  assert.equal(await doubled(), [{ id: 21, doubled: 0 }]);
  await close();
});

test('a failing migration is rolled back as a whole, and the start fails with its error', async () => {
  const { climb, doubled, close } = await openOlder();
  const breaking = rung('alter table rung add column doubled int; select 1 / 0');
  const failed = await climb({ ...older, [SECOND]: breaking }).catch((error: Error) => error);
  assert.match(String(failed), 'division by zero');
  await climb(newer);
  assert.equal(await doubled(), [{ id: 21, doubled: 42 }]);
  await close();
});

test('a database with a newer schema is refused in words that name both versions, and nothing is changed', async () => {
  const { db, climb, doubled, close } = await openOlder();
  await climb(newer, '0.3.0');
  const said = await refusal(climb(older, '0.2.0'));
  for (const word of ['RelayPACS 0.3.0', SECOND, 'RelayPACS 0.2.0', FIRST, 'Nothing was changed'])
    assert.match(said, word);
  assert.equal(await doubled(), [{ id: 21, doubled: 42 }]);
  assert.equal((await sql`select distinct version from schema_mark`.execute(db)).rows, [
    { version: '0.3.0' },
  ]);
  await close();
});

test('a database that was made with another text of a migration is refused by name, and nothing is changed', async () => {
  const { db, climb, close } = await openOlder();
  const changed = { [FIRST]: rung('create table rung (id bigint primary key)') };
  const said = await refusal(climb({ ...changed, [SECOND]: newer[SECOND]! }, '0.2.1'));
  for (const word of ['RelayPACS 0.2.0', 'RelayPACS 0.2.1', FIRST, 'Nothing was changed'])
    assert.match(said, word);
  assert.equal((await sql`select id from rung`.execute(db)).rows, [{ id: 21 }]);
  await sql`drop table schema_mark`.execute(db);
  assert.match(await refusal(climb(older)), 'an earlier RelayPACS', 'one from before there were marks');
  await close();
});

test('before a climb the database is kept, and what that throws leaves it as it is', async () => {
  const { db, climb, doubled, close } = await openOlder();
  const told: unknown[] = [];
  const tell: Climb['tell'] = (...of) => told.push(of);
  const full = climb(newer, '0.3.0', { keep: () => Promise.reject(new Error('no room')), tell });
  assert.match(String(await full.catch((error: Error) => error)), 'no room');
  assert.equal((await sql`select id from rung`.execute(db)).rows, [{ id: 21 }]);
  assert.equal(told, []);
  await climb(newer, '0.3.0', { keep: async (from) => void told.push(from), tell });
  assert.equal(told, ['0.2.0', [SECOND, 1, 1]]);
  assert.equal(await doubled(), [{ id: 21, doubled: 42 }]);
  await climb(newer, '0.3.0', { keep: async (from) => void told.push(from), tell });
  assert.is(told.length, 2, 'nothing is left to climb');
  await close();
});

test('a migration that older gateways could not work with waits until none runs', async () => {
  const { climb, doubled, close } = await openOlder();
  const breaking = { ...older, [SECOND]: { ...newer[SECOND]!, kind: 'stop' as const } };
  const whileAlone = async () => null;
  const said = await refusal(climb(breaking, '0.3.0', { whileAlone }));
  for (const word of ['RelayPACS 0.3.0', SECOND, 'Nothing was changed', 'Stop all gateways'])
    assert.match(said, word);
  await climb(newer, '0.3.0', { whileAlone });
  assert.equal(await doubled(), [{ id: 21, doubled: 42 }], 'one that they can work with does not');
  await close();
});

test('the text of a released migration never changes', () => {
  assert.equal(printsOf(), {
    '0001-initial': '11e68e51714ee31cf98f723be5bc03becf7606d8d2c8f9a841985ad3ae39927e',
  });
});

test('line breaks in a migration make no other schema', async () => {
  const { climb, close } = await openOlder();
  const broken = rung('create table rung\n  (id int primary key)');
  assert.is(await refusal(climb({ [FIRST]: broken })), 'not refused');
  await close();
});

test.run();
