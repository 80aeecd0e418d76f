/** Rows that leave by COPY and come back: the same, in a database of its own. */
import { sql } from 'kysely';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openDatabase } from './database.ts';
import { createTestDatabase } from '../testing/open-database.ts';
import { copyOut, fillTables, listTables, openInstant } from './copy-tables.ts';

test('rows of one instant fill another database, whose numbers continue after them', async () => {
  const from = await createTestDatabase();
  const to = await createTestDatabase();
  const database = await openDatabase({ kind: 'server', url: from.url });
  const other = await openDatabase({ kind: 'server', url: to.url });
  const { db } = database;
  const site = await db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  const account = await db
    .insertInto('account')
    .values({ site_id: site.id, username: 'tab\tand\\slash', roles: ['technician'], password_hash: 'x' })
    .returning('id')
    .executeTakeFirstOrThrow();
  await using instant = await openInstant(from.url);
  await db.deleteFrom('account').where('id', '=', account.id).execute();
  const { client } = instant;
  const tables = await listTables(client);
  assert.ok(tables.length > 60, `${tables.length} tables`);
  await fillTables(to.url, tables, (table) => copyOut(client, table));
  const copied = await other.db.selectFrom('account').select(['id', 'username']).execute();
  assert.equal(copied, [{ id: account.id, username: 'tab\tand\\slash' }], 'as of the instant');
  assert.equal(await other.db.selectFrom('site').select('id').execute(), [site], 'instead of its own');
  const numbers = await sql<{ next: number }>`
    insert into model_activation (site_id, model_id, version, at) values (${site.id}, 'm', '1', now())
    returning id as next`.execute(other.db);
  assert.equal(numbers.rows, [{ next: 1 }]);
  await database.close();
  await other.close();
  from.drop();
  to.drop();
});

test.run();
