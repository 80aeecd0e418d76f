/** The cost of a question to the database, as a count of rows and not as a time. */
import { sql } from 'kysely';
import type { Trx } from '../database/database.ts';

/** How many rows of instances, uploads and what they name are read for an answer. */
export async function rowsRead(trx: Trx, ask: (trx: Trx) => Promise<unknown>): Promise<number> {
  const before = await readUntilNow(trx);
  await ask(trx);
  return (await readUntilNow(trx)) - before;
}

/** Rows read on this connection; some of earlier transactions may be among them. */
async function readUntilNow(trx: Trx): Promise<number> {
  const { rows } = await sql<{ read: number }>`
    select coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::int as read
    from pg_stat_xact_user_tables where relname in ('upload', 'instance', 'upload_instance')`.execute(trx);
  return rows[0]!.read;
}
