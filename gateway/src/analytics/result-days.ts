/** The results of models of each day, kept as one value per day (kept-days.ts). */
import { sql, type RawBuilder } from 'kysely';
import { UNKNOWN } from '#shared/protocol/analytics.ts';
import { hashOf, listOf, placeOf, type KeptDays } from './kept-days.ts';

/** Columns of equal length, with one row per result. Three columns are indexes into the lists. */
export type ResultFacts = {
  /** The id of a model, a space, and its version. */
  readonly models: readonly string[];
  /** The sex and the age band of the study's patient, separated by a space. */
  readonly cohorts: readonly string[];
  readonly classes: readonly (string | null)[];
  readonly model: readonly number[];
  readonly cohort: readonly number[];
  readonly class: readonly number[];
  /** 53 bits of a hash of the Study Instance UID or, if there is none, of the result's own id. */
  readonly study: readonly number[];
  /** 1: agreed, 2: corrected, 0: neither. */
  readonly verdict: readonly number[];
  /** 1: the device found something different. */
  readonly differs: readonly number[];
  /** Whether the radiologist found it too. Null: there is no verdict, or the verdict does not say. */
  readonly confirmed: readonly (0 | 1 | null)[];
  /** Null: there is no score, or nothing says whether the result was right. */
  readonly score: readonly (number | null)[];
};

const CONFIRMED = sql`case
  when i.verdict = 'agree' then i.positive
  when i.verdict is null or i.verified_finding = 'not-assessable' then null
  when i.model_id = 'pneumonia' then i.verified_finding like '%pneumonia'
  else not i.positive end`;
const column = (name: string): RawBuilder<unknown> => sql`json_agg(${sql.ref(name)} order by id)`;

const countDays = (siteId: string, days: readonly string[]): RawBuilder<unknown> => sql`
  with r as materialized (
    select d.day, i.id, concat_ws(' ', i.model_id, i.version) as model,
      coalesce(c.sex, ${UNKNOWN}) || ' ' || coalesce(c.age_band, ${UNKNOWN}) as cohort, i.sop_class_uid as class,
      ${hashOf(sql`coalesce(i.study_instance_uid, i.id::text)`)} as study,
      case i.verdict when 'agree' then 1 when 'correct' then 2 else 0 end as verdict,
      i.differs::int as differs, (${CONFIRMED})::int as confirmed, i.score
    from unnest(${days}::date[]) as d(day)
    join inference_result i on i.site_id = ${siteId}
      and i.created_at >= d.day::timestamp at time zone 'UTC'
      and i.created_at < (d.day + 1)::timestamp at time zone 'UTC'
    left join study_cohort c on c.site_id = i.site_id and c.study_instance_uid = i.study_instance_uid),
  n as (
    select *, case when confirmed is not null then score end as "judgedScore", ${placeOf('model')} as "modelAt",
      ${placeOf('cohort')} as "cohortAt", ${placeOf('class')} as "classAt"
    from r)
  insert into result_day (site_id, day, facts)
  select ${siteId}, day, json_build_object(
    'models', ${listOf('model')}, 'cohorts', ${listOf('cohort')}, 'classes', ${listOf('class')},
    'model', ${column('modelAt')}, 'cohort', ${column('cohortAt')}, 'class', ${column('classAt')},
    'study', ${column('study')}, 'verdict', ${column('verdict')}, 'differs', ${column('differs')},
    'confirmed', ${column('confirmed')}, 'score', ${column('judgedScore')})
  from n group by day`;

export const resultDays: KeptDays = { table: 'result_day', count: countDays };
