/**
 * Figures of models in statements over the results themselves: what those that are kept by day must be. One statement
 * each for sums, bins and what is withheld.
 */
import { sql, type RawBuilder } from 'kysely';
import { CALIBRATION_BINS, SMALLEST_CELL, UNKNOWN, type Cohort } from '#shared/protocol/analytics.ts';
import { all, isOfModality, modalityNameOf, patientConditions } from '../analytics/asked.ts';
import type { Counted } from '../analytics/count-models.ts';
import type { Question } from '../analytics/read-results.ts';
import type { Db } from '../database/database.ts';
import { isNotBlinded } from '../findings/result-reach.ts';

export async function countResultsDirectly(db: Db, question: Question): Promise<Counted> {
  return {
    sums: await sumsIn(db, question),
    bins: await binsIn(db, question),
    withheld: question.isGuarded ? await withheldIn(db, question) : [],
  };
}

/** Results of the period that the caller is not reading blinded, by what was asked of them. */
const resultsIn = ({ caller, asked: { since, until, cohort } }: Question): RawBuilder<unknown> => {
  const { modality } = cohort;
  const filters = [
    ...patientConditions('c', cohort),
    ...(modality === undefined ? [] : [isOfModality('r.sop_class_uid', modality)]),
  ];
  const areSmallOnesMany =
    filters.length > 1 ? sql`p.few = 0` : sql`p.few not between 1 and ${SMALLEST_CELL - 1}::int`;
  const cell = filters.map((filter, at) => sql`(${filter})::int * ${2 ** at}::int`);
  return sql`every as materialized (
    select r.model_id as model, r.version, (r.created_at at time zone 'UTC')::date as day,
      hashtextextended(coalesce(r.study_instance_uid, r.id::text), 0) as study,
      r.score, r.verdict, r.differs, ${isConfirmed} as confirmed,
      ${all(filters)} as counts, ${sql.join([sql`0`, ...cell], sql` + `)} as cell,
      concat_ws(' ', ${sql.join([sql`''`, ...valuesOf(cohort)])}) as part
    from inference_result r
    left join study_cohort c on c.site_id = r.site_id and c.study_instance_uid = r.study_instance_uid
    where r.site_id = ${caller.siteId} and r.created_at >= ${since} and r.created_at < ${until}
      and ${isNotBlinded('r', caller)}),
  cells as (
    select model, version, to_char(day, 'YYYY-MM') as month, count(distinct study) as studies
    from every group by 1, 2, 3, cell),
  parts as (
    select model, version, to_char(day, 'YYYY-MM') as month, count(distinct study) as studies,
      ${isLargeWhere(sql`verdict = 'agree'`)} and ${isLargeWhere(sql`verdict = 'correct'`)}
        and ${isLargeWhere(sql`verdict is null or verdict not in ('agree', 'correct')`)} as "isSplitLarge",
      ${isLargeWhere(sql`differs`)} and ${isLargeWhere(sql`differs is not true`)} as "isDifferenceLarge"
    from every group by 1, 2, 3, part),
  blocks as (
    select model, version, month, min(c.studies) >= ${SMALLEST_CELL} and ${areSmallOnesMany} as "isLarge",
      p."isSplitLarge", p."isDifferenceLarge"
    from cells c join (
      select model, version, month, coalesce(sum(studies) filter (where studies < ${SMALLEST_CELL}), 0) as few,
        bool_and("isSplitLarge") as "isSplitLarge", bool_and("isDifferenceLarge") as "isDifferenceLarge"
      from parts group by 1, 2, 3) p using (model, version, month)
    group by 1, 2, 3, p.few, p."isSplitLarge", p."isDifferenceLarge")`;
};

/** The value of each filtered attribute, for every study. */
function* valuesOf({ sex, ageBand, modality }: Cohort): Generator<RawBuilder<unknown>> {
  if (sex !== undefined) yield sql`coalesce(c.sex, ${UNKNOWN})`;
  if (ageBand !== undefined) yield sql`coalesce(c.age_band, ${UNKNOWN})`;
  if (modality !== undefined) yield modalityNameOf('r.sop_class_uid');
}

/** Whether a part is empty or large enough: none of its studies, or at least `SMALLEST_CELL`, has these results. */
const isLargeWhere = (which: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`(count(distinct study) filter (where ${which})) not between 1 and ${SMALLEST_CELL - 1}::int`;

/** The radiologist's finding; null: no verdict, or none that says it. */
const isConfirmed = sql`case
  when r.verdict = 'agree' then r.positive
  when r.verdict is null or r.verified_finding = 'not-assessable' then null
  when r.model_id = 'pneumonia' then r.verified_finding like '%pneumonia'
  else not r.positive end`;

const countedIn = (question: Question): RawBuilder<unknown> => sql`${resultsIn(question)},
  r as materialized (${
    question.isGuarded
      ? sql`select every.*, "isSplitLarge", "isDifferenceLarge" from every join blocks b on b.model = every.model
          and b.version = every.version and b.month = to_char(day, 'YYYY-MM') where counts and "isLarge"`
      : sql`select every.*, true as "isSplitLarge", true as "isDifferenceLarge" from every where counts`
  })`;

async function sumsIn(db: Db, question: Question): Promise<Counted['sums']> {
  const period = question.isGuarded ? sql`to_char(day, 'YYYY-MM')` : sql`day::text`;
  const { rows } = await sql<Counted['sums'][number]>`with ${countedIn(question)},
  p as (select *, ${period} as period from r)
  select model, version, period, count(distinct study)::int as studies, count(*)::int as results,
    (count(*) filter (where verdict = 'agree'))::int as agreed,
    (count(*) filter (where verdict = 'correct'))::int as corrected,
    (count(*) filter (where differs))::int as disagreements,
    bool_and("isSplitLarge") as "isSplitLarge", bool_and("isDifferenceLarge") as "isDifferenceLarge"
  from p group by grouping sets ((model, version), (model, version, period))`.execute(db);
  return rows;
}

async function binsIn(db: Db, question: Question): Promise<Counted['bins']> {
  const { rows } = await sql<Counted['bins'][number]>`with ${countedIn(question)}
  select model, version, least(${CALIBRATION_BINS - 1}::int, floor(score * ${CALIBRATION_BINS}::int)::int) as bin,
    count(*)::int as results, avg(score) as "meanScore", avg(confirmed::int)::float8 as confirmed
  from r where score is not null and confirmed is not null group by 1, 2, 3 order by 1, 2, 3`.execute(db);
  return rows;
}

async function withheldIn(db: Db, question: Question): Promise<Counted['withheld']> {
  const { rows } = await sql<Counted['withheld'][number]>`with ${resultsIn(question)}
  select model, version, month as period from blocks where not "isLarge"`.execute(db);
  return rows;
}
