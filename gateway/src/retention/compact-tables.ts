/**
 * Writes tables again without the rows that were deleted: PostgreSQL leaves a deleted row's bytes in its files until
 * something needs their place. They then remain only in the database's log, until that turns over.
 */
import { sql } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
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

/** After something was deleted: at once, and then once a day. */
const EVERY_MS = DAY_MS;

type Tools = {
  readonly db: Db;
  readonly siteId: string;
  readonly dataDir: string;
  readonly log: Log;
  readonly now: () => Date;
};

export async function compactDue(tools: Tools): Promise<void> {
  const { db, siteId, now } = tools;
  const row = await db
    .selectFrom('retention_run')
    .select(['to_compact', 'compacted_at'])
    .where('site_id', '=', siteId)
    .executeTakeFirst();
  const since = now().getTime() - (row?.compacted_at?.getTime() ?? 0);
  if (row === undefined || row.to_compact.length === 0 || since < EVERY_MS) return;
  const tables = new Set(row.to_compact.flatMap((kind) => TABLES[kind as keyof typeof TABLES]));
  for (const table of tables) await compact(table, tools);
  await db
    .updateTable('retention_run')
    .set({ to_compact: [], compacted_at: now() })
    .where('site_id', '=', siteId)
    .execute();
}

async function compact(table: string, { db, dataDir, log }: Tools): Promise<void> {
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
