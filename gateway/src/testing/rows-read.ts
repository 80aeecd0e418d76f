/** What a question costs the database, as a count of rows and not as a time. */
import { sql } from 'kysely';
import type { Trx } from '../database/database.ts';

/** The rows of instances, uploads and what they name that this transaction has read until now. */
export async function rowsRead(trx: Trx): Promise<number> {
  const { rows } = await sql<{ read: number }>`
    select coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::int as read
    from pg_stat_xact_user_tables where relname in ('upload', 'instance', 'upload_instance')`.execute(trx);
  return rows[0]!.read;
}
