/** The readings of the reviews opened on each day, kept as one value per day (kept-days.ts). */
import { sql, type RawBuilder } from 'kysely';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import { listOf, placeOf, type KeptDays } from './kept-days.ts';

/**
 * Columns of equal length, with one row per reading of a review whose readers have all signed. The rows of a review are
 * consecutive, in the order of their places. All columns except `review` are indexes into the lists.
 */
export type ReviewFacts = {
  /** The name of a type, a space, and its version. */
  readonly types: readonly string[];
  /** JSON: each model that looked at the case, and whether it found something in one of its images. */
  readonly said: readonly string[];
  /** The account ids of the readers. */
  readonly readers: readonly string[];
  /** JSON: the answers that are categories; null if the reader could not judge the case. */
  readonly answers: readonly string[];
  /** The number of the review within the day, from 0. */
  readonly review: readonly number[];
  readonly typeAt: readonly number[];
  readonly saidAt: readonly number[];
  readonly readerAt: readonly number[];
  readonly answersAt: readonly number[];
};

/** Only categories are compared: figures have none, and typed text cannot be compared. */
const CATEGORIES = sql`('radio', 'scale')`;
const column = (name: string): RawBuilder<unknown> => sql`json_agg(${sql.ref(name)} order by review, place)`;

const countDays = (siteId: string, days: readonly string[]): RawBuilder<unknown> => sql`
  with r as materialized (
    select d.day, r.id, r.case_id, r.type_name, r.type_version
    from unnest(${days}::date[]) as d(day)
    join review r on r.site_id = ${siteId} and r.state in ('settled', 'adjudication')
      and r.opened_at >= d.day::timestamp at time zone 'UTC'
      and r.opened_at < (d.day + 1)::timestamp at time zone 'UTC'),
  t as materialized (
    select type_name, type_version, array(select key from json_each((
      select definition from review o where o.site_id = ${siteId} and o.type_name = d.type_name
        and o.type_version = d.type_version order by number desc limit 1)->'form'->'properties')
      where value->>'x-field' not in ${CATEGORIES}) as others
    from (select distinct type_name, type_version from r) d),
  s as materialized (
    select id, jsonb_agg(jsonb_build_object('model', model, 'positive', positive) order by model)::text as said
    from (select r.id, i.model_id as model, bool_or(i.positive) as positive
      from r join case_study c on c.case_id = r.case_id
      join inference_result i on i.site_id = c.site_id and i.study_instance_uid = c.study_instance_uid
      where i.positive is not null group by 1, 2) m group by id),
  p as (
    select r.day, r.id, p.place, concat_ws(' ', r.type_name, r.type_version) as type, coalesce(s.said, '[]') as said,
      coalesce(p.account_id::text, '') as reader,
      coalesce(case when e.decision = 'reject' then null else (e.answers - t.others)::text end, 'null') as answers
    from r join t using (type_name, type_version) left join s using (id)
    join review_place p on p.review_id = r.id and p.place <> ${ADJUDICATOR}
    join review_event e on e.review_id = r.id and e.id = p.decided_by_event),
  n as (
    select *, ${placeOf('id')} as review, ${placeOf('type')} as "typeAt", ${placeOf('said')} as "saidAt",
      ${placeOf('reader')} as "readerAt", ${placeOf('answers')} as "answersAt"
    from p)
  insert into review_day (site_id, day, facts)
  select ${siteId}, day, json_build_object(
    'types', ${listOf('type')}, 'said', ${listOf('said')}, 'readers', ${listOf('reader')},
    'answers', ${listOf('answers')}, 'review', ${column('review')}, 'typeAt', ${column('typeAt')},
    'saidAt', ${column('saidAt')}, 'readerAt', ${column('readerAt')}, 'answersAt', ${column('answersAt')})
  from n group by day`;

export const reviewDays: KeptDays = { table: 'review_day', count: countDays };
