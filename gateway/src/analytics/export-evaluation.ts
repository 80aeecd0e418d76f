/**
 * Predictions as CSV, written page by page as the caller reads it. There is no identity and no UID: a study has a
 * pseudonym of this gateway, the same in every file. Researchers get the results that they reach, with days instead of
 * times, and no cohort that is shared by fewer than SMALLEST_CELL of these studies. If they ask for one such cohort,
 * its predictions are left out, because everything in the file would be known to belong to it.
 */
import { createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import { sql, type RawBuilder } from 'kysely';
import { EVALUATION_COLUMNS, SMALLEST_CELL, type EvaluationColumn } from '#shared/protocol/analytics.ts';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import { givesScore } from '#shared/models/cautions.ts';
import type { Finding } from '#shared/protocol/inference.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../database/database.ts';
import { BYTE_ORDER_MARK, writeCsv } from '../http/csv.ts';
import { mayKnowResult, reachesAll } from '../findings/result-reach.ts';
import { all, dayOf, isOfAll, isOfModality, patientConditions, type Asked, type Asking } from './asked.ts';

const PAGE = 500;
/** Pseudonyms of studies have 64 bits, so a collision within an archive is practically impossible. */
const PSEUDONYM_DIGITS = 16;

export type EvaluationTools = {
  readonly db: Db;
  readonly now: () => Date;
  /** The secret from which the pseudonyms of studies are derived. */
  readonly secret: Uint8Array;
};

type Row = {
  readonly id: string;
  readonly at: Date;
  readonly run: string | null;
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  readonly study: string | null;
  readonly finding: Pick<
    Finding,
    'threshold' | 'probabilities' | 'model' | 'image' | 'population' | 'film' | 'warnings'
  >;
  readonly score: number | null;
  readonly positive: boolean | null;
  readonly device: number | null;
  readonly verdict: string | null;
  readonly correctedTo: string | null;
  readonly verdictAt: Date | null;
  readonly sex: string | null;
  readonly ageBand: string | null;
  readonly sopClass: string | null;
};
type Cohort = { readonly sex: string | null; readonly ageBand: string | null; readonly modality: string };

/** The audit event is recorded before the first byte. */
export async function exportEvaluation(
  tools: EvaluationTools,
  caller: Asking,
  asked: Asked,
): Promise<ReadableStream<Uint8Array>> {
  const { db, now } = tools;
  const which = await whichResults(db, caller, asked);
  const cohorts = await cohortsIn(db, which);
  const isGuarded = !reachesAll(caller);
  const isShown = (cohort: Cohort): boolean =>
    !isGuarded || (cohorts.get(keyOf(cohort))?.studies ?? 0) >= SMALLEST_CELL;
  const told = [...cohorts.values()].filter(({ cohort }) => isOfAll(asked) || isShown(cohort));
  const predictions = told.reduce((sum, { results }) => sum + results, 0);
  const { from, to } = asked;
  const event = { event: 'evaluation-exported', by: caller.id, from, to, predictions } as const;
  await db.transaction().execute((trx) => recordAudit(trx, caller.siteId, event, now()));
  const shown = { isGuarded, isShown, pseudonymOf: createPseudonyms(tools.secret) };
  const toCells = (row: Row): string[] | null => {
    if (!isOfAll(asked) && !isShown(cohortOf(row))) return null;
    const cells = cellsOf(row, shown);
    return EVALUATION_COLUMNS.map((column) => cells[column]);
  };
  const pages = Readable.from(writePages(db, which, toCells));
  return Readable.toWeb(pages) as ReadableStream<Uint8Array>;
}

/** A condition on `r`, a result, and `c`, the cohort of its study: the result is in the file. */
async function whichResults(db: Db, caller: Asking, asked: Asked): Promise<RawBuilder<boolean>> {
  const { since, until, cohort } = asked;
  const { modality } = cohort;
  return all([
    sql<boolean>`r.site_id = ${caller.siteId} and r.created_at >= ${since} and r.created_at < ${until}`,
    ...patientConditions('c', cohort),
    ...(modality === undefined ? [] : [isOfModality('r.sop_class_uid', modality)]),
    await mayKnowResult(db, caller, 'r'),
  ]);
}

const FROM = sql`from inference_result r
  left join study_cohort c on c.site_id = r.site_id and c.study_instance_uid = r.study_instance_uid`;
const modalityOf = (sopClass: string | null): string =>
  modalitiesOf(sopClass === null ? [] : [sopClass])[0] ?? '';
const keyOf = ({ sex, ageBand, modality }: Cohort): string => `${sex} ${ageBand} ${modality}`;
const cohortOf = ({ sex, ageBand, sopClass }: Pick<Row, 'sex' | 'ageBand' | 'sopClass'>): Cohort => ({
  ...{ sex, ageBand, modality: modalityOf(sopClass) },
});

/** For each cohort, its number of results, and a lower bound for its number of distinct studies. */
async function cohortsIn(db: Db, which: RawBuilder<boolean>) {
  type Found = Omit<Cohort, 'modality'> & { sopClass: string | null; studies: number; results: number };
  const { rows } = await sql<Found>`select c.sex, c.age_band as "ageBand", r.sop_class_uid as "sopClass",
      count(distinct r.study_instance_uid)::int as studies, count(*)::int as results
    ${FROM} where ${which} group by 1, 2, 3`.execute(db);
  const cohorts = new Map<string, { cohort: Cohort; studies: number; results: number }>();
  for (const { studies, results, ...row } of rows) {
    const cohort = cohortOf(row);
    const sum = cohorts.get(keyOf(cohort)) ?? { studies: 0, results: 0 };
    // A study may have images of two SOP Classes of one modality, so numbers of studies cannot be added.
    const both = { studies: Math.max(sum.studies, studies), results: sum.results + results };
    cohorts.set(keyOf(cohort), { cohort, ...both });
  }
  return cohorts;
}

/** Ordered by time and id, which never change, so a prediction that is judged during the export appears once. */
async function* writePages(
  db: Db,
  which: RawBuilder<boolean>,
  /** Null: the row is left out. */
  toCells: (row: Row) => string[] | null,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(BYTE_ORDER_MARK + writeCsv([EVALUATION_COLUMNS]));
  let after = sql<boolean>`true`;
  for (;;) {
    const { rows } = await sql<Row & { at_exactly: string }>`select r.id, r.created_at as at,
        r.created_at::text as at_exactly, q.job_id as run, r.model_id as model, r.version, r.model_digest as digest,
        r.study_instance_uid as study,
        r.finding - ${'{rationale,limits,explanations}'}::text[] as finding,
        r.score, r.positive, (r.disagreement->>'device')::float8 as device, r.verdict,
        r.verified_finding as "correctedTo", r.verified_at as "verdictAt", c.sex, c.age_band as "ageBand",
        r.sop_class_uid as "sopClass"
      ${FROM}
      left join lateral (select job_id from result_request where result_id = r.id order by at limit 1) q on true
      where ${which} and ${after} order by r.created_at, r.id limit ${PAGE}`.execute(db);
    if (rows.length > 0) yield encoder.encode(writeCsv(rows.map(toCells).filter((cells) => cells !== null)));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = sql`(r.created_at, r.id) > (${last.at_exactly}::timestamptz, ${last.id}::uuid)`;
  }
}

type Shown = {
  readonly isGuarded: boolean;
  readonly isShown: (cohort: Cohort) => boolean;
  readonly pseudonymOf: (study: string) => string;
};

function cellsOf(
  row: Row,
  { isGuarded, isShown, pseudonymOf }: Shown,
): Readonly<Record<EvaluationColumn, string>> {
  const { finding } = row;
  const cohort = cohortOf(row);
  const told = isShown(cohort) ? cohort : { sex: null, ageBand: null, modality: '' };
  const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));
  const time = (at: Date | null): string => (at === null ? '' : isGuarded ? dayOf(at) : at.toISOString());
  return {
    ...{ prediction: row.id, run: text(row.run), model: row.model, version: row.version },
    modelDigest: row.digest,
    study: row.study === null ? '' : pseudonymOf(row.study),
    at: time(row.at),
    ...{ score: text(row.score), threshold: text(finding.threshold) },
    label: row.positive === null ? '' : row.positive ? 'positive' : 'negative',
    probabilities: (finding.probabilities ?? [])
      .map(({ name, probability }) => `${name}=${probability}`)
      .join(' '),
    deviceScore: text(row.device),
    remark: remarkOn(row),
    ...{ verdict: text(row.verdict), correctedTo: text(row.correctedTo), verdictAt: time(row.verdictAt) },
    ...{ sex: text(told.sex), ageBand: bandWords(told.ageBand), modality: told.modality },
  };
}

/** Why a row has no study or no score; empty if it has both. */
function remarkOn({ study, score, model, finding }: Row): string {
  return [
    ...(study === null ? ['No study: the image was sent as a file.'] : []),
    ...(score === null ? [`No score: ${whyNoScore(model, finding)}.`] : []),
  ].join(' ');
}

function whyNoScore(model: string, { image, film, population, warnings }: Row['finding']): string {
  if (!givesScore({ id: model })) return 'this model gives none';
  if (film.includes('rotated') || film.includes('inverted')) return 'a rotated or inverted film';
  if (image.kind !== 'CXR') return 'not a chest film';
  if (warnings.includes('not-a-chest-film')) return 'perhaps not a chest film';
  return population === 'outside' ? 'outside the population of the model' : 'the model gave none';
}

/** `40 to 49`, as in exports, because a spreadsheet reads `10-19` as a date. */
const bandWords = (band: string | null): string =>
  (band ?? '').replace('-', ' to ').replace('+', ' and over');

const createPseudonyms = (secret: Uint8Array) => (study: string) =>
  `S-${createHmac('sha256', secret).update(study).digest('hex').slice(0, PSEUDONYM_DIGITS).toUpperCase()}`;
