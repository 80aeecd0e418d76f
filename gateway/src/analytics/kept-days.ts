/**
 * Figures that are kept as one value per day, so that counting a year means reading 366 values. When something in a day
 * changes, triggers of the schema mark the day, and it is counted again before it is used. So every answer includes all
 * that was committed when it was asked for.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Db, Trx } from '../database/database.ts';

/** `facts` holds columns of equal length. Some columns hold indexes into lists, which are in `facts` too. */
export type KeptDay<Facts> = { readonly day: string; readonly facts: Facts };
/** The first and the last day, both included. */
type Days = { readonly from: string; readonly to: string };
export type KeptDays = {
  /** The table of the values. The table of the marks has the same name followed by `_changed`. */
  readonly table: 'upload_day' | 'result_day' | 'review_day';
  /** A statement that inserts the values of these days. */
  readonly count: (siteId: string, days: readonly string[]) => RawBuilder<unknown>;
};

export const ALL_DAYS: Days = { from: '1970-01-01', to: '9999-12-31' };
/** The number of days counted in one transaction: about a second's work at 300 uploads a day. */
const DAYS_AT_ONCE = 31;

const valuesOf = ({ table }: KeptDays): RawBuilder<unknown> => sql.table(table);
const marksOf = ({ table }: KeptDays): RawBuilder<unknown> => sql.table(`${table}_changed`);

/** A site's days of one kind of figures. */
type Kept = { readonly of: KeptDays; readonly siteId: string };

/** Days in order; days without a value are left out. */
export async function readDays<Facts>(
  db: Db | Trx,
  { of, siteId }: Kept,
  { from, to }: Days,
): Promise<readonly KeptDay<Facts>[]> {
  const { rows } = await sql<KeptDay<Facts>>`select day::text as day, facts from ${valuesOf(of)}
    where site_id = ${siteId} and day between ${from}::date and ${to}::date order by 1`.execute(db);
  return rows;
}

/** Counts the days again that have changed. */
export async function countChangedDays(db: Db, kept: Kept, days: Days = ALL_DAYS): Promise<void> {
  const { of, siteId } = kept;
  while ((await changedDays(db, kept, days)).length > 0)
    await db.transaction().execute(async (trx) => {
      // Only one transaction counts at a time. Otherwise the slower of two would write outdated values.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`${of.table} ${siteId}`}, 0))`.execute(trx);
      const changed = await changedDays(trx, kept, days);
      const isChanged = sql`site_id = ${siteId} and day = any(${changed}::date[])`;
      // Marks that are added from now on stay, because their changes may or may not be counted here.
      await sql`delete from ${marksOf(of)} where ${isChanged}`.execute(trx);
      await sql`delete from ${valuesOf(of)} where ${isChanged}`.execute(trx);
      await of.count(siteId, changed).execute(trx);
    });
}

async function changedDays(
  db: Db | Trx,
  { of, siteId }: Kept,
  { from, to }: Days,
): Promise<readonly string[]> {
  const { rows } = await sql<{ day: string }>`select distinct day::text as day from ${marksOf(of)}
    where site_id = ${siteId} and day between ${from}::date and ${to}::date
    order by 1 limit ${DAYS_AT_ONCE}`.execute(db);
  return rows.map(({ day }) => day);
}

/** Counts all changed days of all sites, so that the next request need not. */
export async function countChangedDaysOfAll(db: Db, of: KeptDays): Promise<void> {
  const sites = await db.selectFrom('site').select('id').execute();
  for (const { id } of sites) await countChangedDays(db, { of, siteId: id });
}

/** 53 bits of a hash of `text`, which JavaScript can represent as an integer. */
export const hashOf = (text: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`hashtextextended(${text}, 0) & ${sql.lit(Number.MAX_SAFE_INTEGER)}::bigint`;

/** For a query whose rows have a `day`: the index of the column `text` in the list of the day's values (`listOf`). */
export const placeOf = (text: string): RawBuilder<unknown> =>
  sql`(dense_rank() over (partition by day order by ${sql.ref(text)}) - 1)::int`;
export const listOf = (text: string): RawBuilder<unknown> =>
  sql`json_agg(distinct ${sql.ref(text)} order by ${sql.ref(text)})`;
