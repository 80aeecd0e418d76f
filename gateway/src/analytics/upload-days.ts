/** The uploads of each day, kept as one value a day (kept-days.ts). */
import { sql, type RawBuilder } from 'kysely';
import { UNKNOWN } from '#shared/protocol/analytics.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { hasArrived } from '../pipeline/instance.store.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import { hashOf, listOf, placeOf, type KeptDays } from './kept-days.ts';

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

const RETRIES = ['study-waiting', 'instances-lost'];

const column = (name: string): RawBuilder<unknown> =>
  sql`json_agg(${sql.ref(name)} order by upload, class, refusal)`;

const countDays = (siteId: string, days: readonly string[]): RawBuilder<unknown> => sql`
  with u as materialized (
    select d.day, u.id, u.study_id, u.created_at, extract(hour from u.created_at at time zone 'UTC')::int as hour,
      concat_ws(' ', u.account_id, u.device_id) as sender,
      coalesce(c.sex, ${UNKNOWN}) || ' ' || coalesce(c.age_band, ${UNKNOWN}) as cohort,
      ${hashOf(sql.ref('s.study_instance_uid'))} as study
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
    where i.policy_name <> ${RESULTS_POLICY.name} and ${hasArrived} group by u.id, i.sop_class_uid, refused),
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
    'senders', ${listOf('sender')}, 'cohorts', ${listOf('cohort')}, 'classes', ${listOf('sop_class_uid')},
    'refusals', ${listOf('refused')}, 'upload', ${column('upload')}, 'study', ${column('study')},
    'hour', ${column('hour')}, 'sender', ${column('senderAt')}, 'cohort', ${column('cohortAt')},
    'class', ${column('class')}, 'refusal', ${column('refusal')}, 'instances', ${column('instances')},
    'bytes', ${column('bytes')}, 'isThere', ${column('isThere')}, 'retries', ${column('retries')},
    'ms', ${column('ms')})
  from n group by day`;

export const uploadDays: KeptDays = { table: 'upload_day', count: countDays };
