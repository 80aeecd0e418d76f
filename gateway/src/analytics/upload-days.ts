/** The uploads of each day, kept as one value per day (kept-days.ts). */
import { sql, type RawBuilder } from 'kysely';
import { UNKNOWN } from '#shared/protocol/analytics.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { hasArrived } from '../pipeline/stores/instance.store.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import { hashOf, listOf, placeOf, type KeptDays } from './kept-days.ts';

/**
 * Columns of equal length, with one row per group of instances of an upload that have the same SOP Class and refusal.
 * The rows of an upload are consecutive. Four columns are indexes into the lists.
 */
export type DayFacts = {
  /** The id of an account and, if there is a device, a space and the id of the device. */
  readonly senders: readonly string[];
  /** The sex and the age band of the study's patient, separated by a space. */
  readonly cohorts: readonly string[];
  readonly classes: readonly string[];
  /** For instances that the PACS did not take: the state and, after a space, the reason. Null: all other instances. */
  readonly refusals: readonly (string | null)[];
  /** The number of the upload within the day, from 0. */
  readonly upload: readonly number[];
  /** 53 bits of a hash of the Study Instance UID. */
  readonly study: readonly number[];
  /** The hour in UTC. */
  readonly hour: readonly number[];
  readonly sender: readonly number[];
  readonly cohort: readonly number[];
  readonly class: readonly number[];
  readonly refusal: readonly number[];
  readonly instances: readonly number[];
  readonly bytes: readonly number[];
  /** 1: at least one of the instances is in the PACS. */
  readonly isThere: readonly number[];
  readonly retries: readonly number[];
  /** Milliseconds from the beginning of the upload to its first receipt. */
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
