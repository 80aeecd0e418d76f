/**
 * Writes tables again without the rows that were deleted: PostgreSQL leaves a deleted row's bytes in its files until
 * something needs their place. They then remain only in the database's log, until that turns over.
 */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { FLOOR_BYTES, freeBytesOf } from '../database/room.ts';
import { describeError, type Log } from '../observability/log.ts';
import type { Rows } from './due.ts';

const TABLES: Readonly<Record<Rows | 'audit', readonly string[]>> = {
  receipts: ['receipt'],
  results: ['inference_result', 'inference_job', 'result_map', 'result_request', 'result_verdict'],
  studies: ['study', 'upload', 'upload_instance', 'instance', 'parcel', 'receipt', 'deid_report'],
  cases: ['case_record', 'case_study', 'case_note', 'case_attachment', 'review', 'review_event'],
  exports: ['export_job'],
  audit: ['audit'],
};
/** Nobody waits longer than this for a table that is written again to become free, nor the other way round. */
const LOCK_MS = 5_000;
/** Writing more than this again takes minutes, in which nobody could use the table: its room is reused instead. */
const LARGEST_BYTES = 2 * 1024 ** 3;

export async function compactTables(
  db: Db,
  kind: keyof typeof TABLES,
  { dataDir, log }: { readonly dataDir: string; readonly log: Log },
): Promise<void> {
  for (const table of TABLES[kind])
    try {
      const { rows } = await sql<{ bytes: number }>`
        select pg_total_relation_size(${table}::regclass) as bytes`.execute(db);
      const { bytes } = rows[0]!;
      const isFull = bytes < LARGEST_BYTES && (await freeBytesOf(dataDir)) - bytes > 2 * FLOOR_BYTES;
      await db.connection().execute(async (one) => {
        await sql`select set_config('lock_timeout', ${`${LOCK_MS}`}, false)`.execute(one);
        try {
          await sql`vacuum ${sql.raw(isFull ? '(full, analyze)' : '(analyze)')} ${sql.table(table)}`.execute(
            one,
          );
        } finally {
          await sql`reset lock_timeout`.execute(one);
        }
      });
    } catch (error) {
      log({ event: 'not-compacted', table, ...describeError(error) });
    }
}
