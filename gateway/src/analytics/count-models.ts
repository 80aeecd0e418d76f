/**
 * Findings of models and radiologists' verdicts, counted in the database. Guarded figures are sums of blocks: a month
 * of one version of a model. A block counts where each part of it, inside and outside of every filter, has no study or
 * at least SMALLEST_CELL; all others are left out of every figure. So it is with the parts by every value of what is
 * filtered: small ones count together where one thing is, and none may be small where several are, so that no sums and
 * differences of answers tell of a smaller group.
 */
import { sql, type RawBuilder } from 'kysely';
import {
  CALIBRATION_BINS,
  SMALLEST_CELL,
  UNKNOWN,
  type CalibrationBin,
  type Cohort,
  type Judged,
  type ModelFigures,
} from '#shared/protocol/analytics.ts';
import type { ModelMeasures } from '#shared/protocol/inference.ts';
import type { Db } from '../database/database.ts';
import { usesOf } from '../models/model-use.store.ts';
import { versionsOf } from '../models/model.store.ts';
import { isNotBlinded } from '../results/result-reach.ts';
import {
  all,
  isOfAll,
  isOfModality,
  laterDay,
  modalityNameOf,
  patientConditions,
  saidOf,
  type Asked,
  type Asking,
} from './asked.ts';

type Named = { readonly model: string; readonly version: string };
type Sums = Named & {
  /** Null: the whole time. */
  readonly period: string | null;
  readonly studies: number;
  readonly results: number;
  readonly agreed: number;
  readonly corrected: number;
  readonly disagreements: number;
  /** No part of a block is small: of those that agreed, were corrected, or neither; and that differ, or not. */
  readonly isSplitLarge: boolean;
  readonly isDifferenceLarge: boolean;
};
type Bin = Named & {
  readonly bin: number;
  readonly results: number;
  readonly meanScore: number;
  readonly confirmed: number;
};
/** A month of a version of which something is left out. */
type Withheld = Named & { readonly period: string };

export type Question = { readonly caller: Asking; readonly asked: Asked; readonly isGuarded: boolean };

export async function countModels(db: Db, question: Question): Promise<ModelFigures> {
  const { caller, asked, isGuarded } = question;
  const range = { since: asked.from, until: asked.to };
  const [versions, sums, bins, withheld, uses] = await Promise.all([
    versionsOf(db, caller.siteId),
    sumsIn(db, question),
    binsIn(db, question),
    isGuarded ? withheldIn(db, question) : [],
    isOfAll(asked) ? usesOf(db, caller.siteId, range) : new Map<string, ModelMeasures>(),
  ]);
  const models = namesOf(versions, sums, withheld).map(({ model, version }) => {
    const own = (row: Named): boolean => row.model === model && row.version === version;
    const ofModel = sums.filter(own);
    const left = withheld.filter(own);
    const toFigures = (row: Sums) => judgedOf(row, listOf(question, row));
    const [total] = ofModel.filter(({ period }) => period === null);
    const use = left.length === 0 ? uses.get(`${model} ${version}`) : undefined;
    const series = [
      ...ofModel.flatMap((row) =>
        row.period === null ? [] : [{ period: row.period, figures: toFigures(row) }],
      ),
      ...left.map(({ period }) => ({ period, figures: null })),
    ];
    return {
      ...{ id: model, version, total: total === undefined ? null : toFigures(total) },
      isPartial: left.length > 0,
      series: series.sort((one, other) => (one.period < other.period ? -1 : 1)),
      calibration: guardBins(bins.filter(own), isGuarded),
      use: use === undefined || (isGuarded && use.images < SMALLEST_CELL) ? null : toUse(use),
    };
  });
  return { ...saidOf(asked), isGuarded, by: isGuarded ? 'month' : 'day', models };
}

/** The versions that are here, and those of which results are left; in order. */
function namesOf(
  versions: readonly { readonly model_id: string; readonly version: string }[],
  ...found: readonly (readonly Named[])[]
): readonly Named[] {
  const all = [...versions.map(({ model_id: model, version }) => ({ model, version })), ...found.flat()];
  const names = new Map(all.map(({ model, version }) => [`${model} ${version}`, { model, version }]));
  return [...names].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, name]) => name);
}

/** Results of the period that the caller is not reading blinded, by what was asked of them. */
const resultsIn = ({ caller, asked: { since, until, cohort } }: Question): RawBuilder<unknown> => {
  const { modality } = cohort;
  const filters = [
    ...patientConditions('c', cohort),
    ...(modality === undefined ? [] : [isOfModality('i.sop_class_uid', modality)]),
  ];
  const areSmallOnesMany =
    filters.length > 1 ? sql`p.few = 0` : sql`p.few not between 1 and ${SMALLEST_CELL - 1}::int`;
  const cell = filters.map((filter, at) => sql`(${filter})::int * ${2 ** at}::int`);
  return sql`every as materialized (
    select i.model_id as model, i.version, (i.created_at at time zone 'UTC')::date as day,
      hashtextextended(coalesce(i.study_instance_uid, i.id::text), 0) as study,
      i.score, i.verdict, i.differs, ${isConfirmed} as confirmed,
      ${all(filters)} as counts, ${sql.join([sql`0`, ...cell], sql` + `)} as cell,
      concat_ws(' ', ${sql.join([sql`''`, ...valuesOf(cohort)])}) as part
    from inference_result i
    left join study_cohort c on c.site_id = i.site_id and c.study_instance_uid = i.study_instance_uid
    where i.site_id = ${caller.siteId} and i.created_at >= ${since} and i.created_at < ${until}
      and ${isNotBlinded('i', caller)}),
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

/** Of every study the value of each thing that is filtered. */
function* valuesOf({ sex, ageBand, modality }: Cohort): Generator<RawBuilder<unknown>> {
  if (sex !== undefined) yield sql`coalesce(c.sex, ${UNKNOWN})`;
  if (ageBand !== undefined) yield sql`coalesce(c.age_band, ${UNKNOWN})`;
  if (modality !== undefined) yield modalityNameOf('i.sop_class_uid');
}

/** Of a part: the studies of these results are none, or enough. */
const isLargeWhere = (which: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`(count(distinct study) filter (where ${which})) not between 1 and ${SMALLEST_CELL - 1}::int`;

/** The radiologist's finding; null: no verdict, or none that says it. */
const isConfirmed = sql`case
  when i.verdict = 'agree' then i.positive
  when i.verdict is null or i.verified_finding = 'not-assessable' then null
  when i.model_id = 'pneumonia' then i.verified_finding like '%pneumonia'
  else not i.positive end`;

const countedIn = (question: Question): RawBuilder<unknown> => sql`${resultsIn(question)},
  r as materialized (${
    question.isGuarded
      ? sql`select every.*, "isSplitLarge", "isDifferenceLarge" from every join blocks b on b.model = every.model
          and b.version = every.version and b.month = to_char(day, 'YYYY-MM') where counts and "isLarge"`
      : sql`select every.*, true as "isSplitLarge", true as "isDifferenceLarge" from every where counts`
  })`;

async function sumsIn(db: Db, question: Question): Promise<readonly Sums[]> {
  const period = question.isGuarded ? sql`to_char(day, 'YYYY-MM')` : sql`day::text`;
  const { rows } = await sql<Sums>`with ${countedIn(question)},
  p as (select *, ${period} as period from r)
  select model, version, period, count(distinct study)::int as studies, count(*)::int as results,
    (count(*) filter (where verdict = 'agree'))::int as agreed,
    (count(*) filter (where verdict = 'correct'))::int as corrected,
    (count(*) filter (where differs))::int as disagreements,
    bool_and("isSplitLarge") as "isSplitLarge", bool_and("isDifferenceLarge") as "isDifferenceLarge"
  from p group by grouping sets ((model, version), (model, version, period))`.execute(db);
  return rows;
}

async function binsIn(db: Db, question: Question): Promise<readonly Bin[]> {
  const { rows } = await sql<Bin>`with ${countedIn(question)}
  select model, version, least(${CALIBRATION_BINS - 1}::int, floor(score * ${CALIBRATION_BINS}::int)::int) as bin,
    count(*)::int as results, avg(score) as "meanScore", avg(confirmed::int)::float8 as confirmed
  from r where score is not null and confirmed is not null group by 1, 2, 3 order by 1, 2, 3`.execute(db);
  return rows;
}

async function withheldIn(db: Db, question: Question): Promise<readonly Withheld[]> {
  const { rows } = await sql<Withheld>`with ${resultsIn(question)}
  select model, version, month as period from blocks where not "isLarge"`.execute(db);
  return rows;
}

const isSmall = (count: number): boolean => count > 0 && count < SMALLEST_CELL;

/** Withheld for the whole time where it is for one month: the other months would tell that one. */
function judgedOf(
  { studies, results, agreed, corrected, disagreements, isSplitLarge, isDifferenceLarge }: Sums,
  shows: string | null,
): Judged {
  return {
    ...{ studies, results, shows },
    agreed: isSplitLarge ? agreed : null,
    corrected: isSplitLarge ? corrected : null,
    disagreements: isDifferenceLarge ? disagreements : null,
  };
}

/**
 * While the bins that are withheld are one, or of few results together, their sum tells of them: the next goes too.
 */
export function guardBins(
  bins: readonly Omit<Bin, 'model' | 'version'>[],
  isGuarded: boolean,
): CalibrationBin[] {
  const withheld = new Set<(typeof bins)[number]>();
  let together = 0;
  for (const bin of bins.toSorted((one, other) => one.results - other.results)) {
    const isAlone = withheld.size === 1 || (together > 0 && together < SMALLEST_CELL);
    if (!isGuarded || !(isSmall(bin.results) || isAlone)) break;
    withheld.add(bin);
    together += bin.results;
  }
  return bins.map((one) => {
    const { bin, results, meanScore, confirmed } = one;
    return { bin, figures: withheld.has(one) ? null : { results, meanScore, confirmed } };
  });
}

function toUse({ images, answered, cached, failures, latencyMs }: ModelMeasures) {
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return { images, answered, cached, failed, durationMs: latencyMs };
}

/** The list of results knows no cohorts, and shows researchers only some. */
function listOf({ asked, isGuarded }: Question, { model, version, period }: Sums): string | null {
  if (isGuarded || !isOfAll(asked)) return null;
  const [from, last] = period === null ? [asked.from, asked.to] : [period, period];
  return `/results?${new URLSearchParams({ model, version, from, to: laterDay(last, 1) })}`;
}
