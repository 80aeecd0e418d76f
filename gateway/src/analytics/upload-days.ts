/**
 * The uploads of each day, kept as one value a day: to count a year is then to read 366 values. A day in which
 * something has changed since is marked (triggers of the schema), and counted again before it is told, so no answer is
 * behind what was committed when it was asked for.
 */
import { sql, type RawBuilder } from 'kysely';
import { UNKNOWN } from '#shared/protocol/analytics.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db, Trx } from '../database/database.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';

/**
 * Columns of one length: a row is the instances of one upload that have a SOP Class and a refusal in common. The rows
 * of an upload stand together. Four columns are places in the lists.
 */
export type DayFacts = {
  /** An account's id, and after a space that of the device, if any. */
  readonly senders: readonly string[];
  /** Sex and age band of the study's patient, a space between. */
  readonly cohorts: readonly string[];
  readonly classes: readonly string[];
  /** State and, after a space, reason of instances that the PACS did not take; null: of all others. */
  readonly refusals: readonly (string | null)[];
  /** Counts the uploads of the day, from 0. */
  readonly upload: readonly number[];
  /** 53 bits of a hash of the Study Instance UID. */
  readonly study: readonly number[];
  /** In UTC. */
  readonly hour: readonly number[];
  readonly sender: readonly number[];
  readonly cohort: readonly number[];
  readonly class: readonly number[];
  readonly refusal: readonly number[];
  readonly instances: readonly number[];
  readonly bytes: readonly number[];
  /** 1: some of them are in the PACS. */
  readonly isThere: readonly number[];
  readonly retries: readonly number[];
  /** From the beginning of the upload to its first receipt. */
  readonly ms: readonly (number | null)[];
};
export type UploadDay = { readonly day: string; readonly facts: DayFacts };
/** Days, both within. */
export type Days = { readonly from: string; readonly to: string };

const ALL_DAYS: Days = { from: '1970-01-01', to: '9999-12-31' };
/** Counted in one transaction: about a second's work at 300 uploads a day. */
const DAYS_AT_ONCE = 31;

/** In order; days without uploads are left out. */
export async function readUploadDays(
  db: Db | Trx,
  siteId: string,
  days: Days,
): Promise<readonly UploadDay[]> {
  const { rows } = await sql<UploadDay>`select day::text as day, facts from upload_day
    where site_id = ${siteId} and day between ${days.from}::date and ${days.to}::date order by 1`.execute(db);
  return rows;
}

/** Counts the days again that have changed. */
export async function countChangedDays(db: Db, siteId: string, days: Days = ALL_DAYS): Promise<void> {
  while ((await changedDays(db, siteId, days)).length > 0)
    await db.transaction().execute(async (trx) => {
      // Of two at once, the slower one would write what is behind.
      await sql`select pg_advisory_xact_lock(hashtextextended('upload-days ' || ${siteId}, 0))`.execute(trx);
      const changed = await changedDays(trx, siteId, days);
      // Marks that come from now on stay: what they are about may or may not be counted here.
      await sql`delete from upload_day_changed where site_id = ${siteId} and day = any(${changed}::date[])`.execute(
        trx,
      );
      await sql`delete from upload_day where site_id = ${siteId} and day = any(${changed}::date[])`.execute(
        trx,
      );
      await countDays(siteId, changed).execute(trx);
    });
}

async function changedDays(db: Db | Trx, siteId: string, { from, to }: Days): Promise<readonly string[]> {
  const { rows } = await sql<{ day: string }>`select distinct day::text as day from upload_day_changed
    where site_id = ${siteId} and day between ${from}::date and ${to}::date
    order by 1 limit ${DAYS_AT_ONCE}`.execute(db);
  return rows.map(({ day }) => day);
}

/** All that a clock can do for whoever asks next. */
export async function countChangedDaysOfAll(db: Db): Promise<void> {
  const sites = await db.selectFrom('site').select('id').execute();
  for (const { id } of sites) await countChangedDays(db, id);
}

const RETRIES = ['study-waiting', 'instances-lost'];

const placeOf = (text: string): RawBuilder<unknown> =>
  sql`(dense_rank() over (partition by day order by ${sql.ref(text)}) - 1)::int`;
const list = (text: string): RawBuilder<unknown> =>
  sql`json_agg(distinct ${sql.ref(text)} order by ${sql.ref(text)})`;
const column = (name: string): RawBuilder<unknown> =>
  sql`json_agg(${sql.ref(name)} order by upload, class, refusal)`;

const countDays = (siteId: string, days: readonly string[]): RawBuilder<unknown> => sql`
  with u as materialized (
    select d.day, u.id, u.study_id, u.created_at, extract(hour from u.created_at at time zone 'UTC')::int as hour,
      concat_ws(' ', u.account_id, u.device_id) as sender,
      coalesce(c.sex, ${UNKNOWN}) || ' ' || coalesce(c.age_band, ${UNKNOWN}) as cohort,
      hashtextextended(s.study_instance_uid, 0) & ${Number.MAX_SAFE_INTEGER}::bigint as study
    from unnest(${days}::date[]) as d(day)
    join upload u on u.site_id = ${siteId} and u.account_id is not null
      and u.created_at >= d.day::timestamp at time zone 'UTC'
      and u.created_at < (d.day + 1)::timestamp at time zone 'UTC'
    join study s on s.id = u.study_id
    left join study_cohort c on c.site_id = s.site_id and c.study_instance_uid = s.study_instance_uid),
  p as (
    select u.id, i.sop_class_uid, count(*)::int as instances, sum(i.bytes)::float8 as bytes,
      bool_or(i.state in (${sql.join([...IN_PACS])}))::int as "isThere",
      case when i.state in ('refused', 'quarantined') then concat_ws(' ', i.state, i.reason) end as refused
    from u join instance i on i.study_id = u.study_id
    where i.policy_name <> ${RESULTS_POLICY.name} group by u.id, i.sop_class_uid, refused),
  t as (
    select u.*, (select count(*)::int from audit a where a.fields ? 'studyId' and a.fields->>'studyId' = u.study_id::text
        and a.event = any(${RETRIES}::text[]) and a.fields->>'because' is distinct from 'required-destination') as retries,
      (select round(extract(epoch from (r.issued_at - u.created_at)) * 1000)::float8 from receipt r
        where r.upload_id = u.id order by r.revision limit 1) as ms
    from u),
  n as (
    select *, ${placeOf('id')} as upload, ${placeOf('sender')} as "senderAt", ${placeOf('cohort')} as "cohortAt",
      ${placeOf('sop_class_uid')} as class, ${placeOf('refused')} as refusal
    from t join p using (id))
  insert into upload_day (site_id, day, facts)
  select ${siteId}, day, json_build_object(
    'senders', ${list('sender')}, 'cohorts', ${list('cohort')}, 'classes', ${list('sop_class_uid')},
    'refusals', ${list('refused')}, 'upload', ${column('upload')}, 'study', ${column('study')},
    'hour', ${column('hour')}, 'sender', ${column('senderAt')}, 'cohort', ${column('cohortAt')},
    'class', ${column('class')}, 'refusal', ${column('refusal')}, 'instances', ${column('instances')},
    'bytes', ${column('bytes')}, 'isThere', ${column('isThere')}, 'retries', ${column('retries')},
    'ms', ${column('ms')})
  from n group by day`;
