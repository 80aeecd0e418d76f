/**
 * For database.test.ts: opens the folder, then commits one audit-like row after the other and says each
 * number once it is committed.
 */
import { sql } from 'kysely';
import { openDatabase } from '../database/database.ts';

const [path = ''] = process.argv.slice(2);
const { db } = await openDatabase({ kind: 'folder', path });
await sql`create table if not exists kept (n int primary key, filler text not null)`.execute(db);
const { rows } = await sql<{ last: number }>`select coalesce(max(n), 0) as last from kept`.execute(db);
for (let n = (rows[0]?.last ?? 0) + 1; ; n += 1) {
  await db.transaction().execute(async (trx) => {
    await sql`insert into kept values (${n}, ${'x'.repeat(500)})`.execute(trx);
  });
  process.stdout.write(`${n}\n`);
}
