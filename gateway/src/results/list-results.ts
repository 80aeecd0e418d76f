/**
 * Lists results with filters, newest first. On request, images of one run with the same answer are folded into one
 * row.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';
import { isHiddenVerdict } from '../findings/blinding.ts';
import { mayKnowResult, type Asking, type ResultName } from '../findings/result-reach.ts';
import type { ResultRow } from './result.store.ts';

type ResultFilter = {
  /** Only the results that this caller may see; undefined: all. */
  readonly shownTo?: Asking | undefined;
  /** Only results that this account asked for. */
  readonly user?: string | undefined;
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly study?: string | undefined;
  /** `none`: no verdict that the caller may see. */
  readonly verdict?: 'agree' | 'correct' | 'none' | undefined;
  /** Only results that differ from what the device found. */
  readonly differs?: '1' | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Of the images of one run with the same answer, only the newest. */
  readonly folded?: '1' | undefined;
  /** Only the other results of the same run with the same answer as this one. */
  readonly alike?: string | undefined;
};
type Page = {
  readonly after?: { readonly at: Date; readonly id: string } | undefined;
  readonly limit: number;
};

/** The newest first. */
export async function listResults(
  db: Db,
  siteId: string,
  { after, limit, ...filter }: ResultFilter & Page,
): Promise<ResultRow[]> {
  let query = db
    .selectFrom('inference_result as r')
    .selectAll('r')
    .where(await fitting(db, siteId, filter, 'r'))
    .orderBy('r.created_at', 'desc')
    .orderBy('r.id', 'desc')
    .limit(limit);
  if (filter.folded !== undefined) {
    const newer = sql`select 1 from inference_result where ${await fitting(db, siteId, filter, 'inference_result')}
      and inference_result.run_answer = r.run_answer and ${isUnjudged(filter, 'inference_result')}
      and (inference_result.created_at, inference_result.id) > (r.created_at, r.id)`;
    query = query.where(sql<boolean>`not (r.run_answer is not null and ${isUnjudged(filter, 'r')}
      and exists (${newer}))`);
  }
  if (after !== undefined)
    query = query.where(sql<boolean>`(r.created_at, r.id) < (${after.at}::timestamptz, ${after.id}::uuid)`);
  return query.execute();
}

/**
 * For each result of a folded list, by its id: how many other results of its run have the same answer and match this
 * filter.
 */
export async function countAlike(
  db: Db,
  siteId: string,
  filter: ResultFilter,
  rows: readonly ResultRow[],
): Promise<ReadonlyMap<string, number>> {
  const folded = rows.flatMap(({ id, run_answer }) => (run_answer === null ? [] : [{ id, run_answer }]));
  if (folded.length === 0) return new Map();
  const counts = await db
    .selectFrom('inference_result as r')
    .select('r.run_answer')
    .select(sql<number>`count(*)::int`.as('count'))
    .select(sql<string>`(array_agg(r.id order by r.created_at desc, r.id desc))[1]`.as('newest'))
    .where(await fitting(db, siteId, filter, 'r'))
    .where(isUnjudged(filter, 'r'))
    .where(
      'r.run_answer',
      'in',
      folded.map(({ run_answer }) => run_answer),
    )
    .groupBy('r.run_answer')
    .execute();
  return new Map(counts.map(({ newest, count }) => [newest, count - 1]));
}

/** The number of studies that a filter offers. */
const CHOICES_LIMIT = 100;
/** The choices come from this many of the newest results of the site, and of each model. */
const CHOICES_OF = 10_000;

/**
 * The choices among recent results that the caller may see: the models, and the newest result of each of the newest
 * studies.
 */
export async function choicesOf(
  db: Db,
  shownTo: Asking,
): Promise<{ readonly models: readonly string[]; readonly newest: readonly ResultRow[] }> {
  const { siteId } = shownTo;
  const isShown = await fitting(db, siteId, { shownTo }, 'r');
  const recent = (condition: RawBuilder<unknown>) => sql`(select id, site_id, study_instance_uid,
      sop_instance_uid, created_at from inference_result o where o.site_id = ${siteId} ${condition}
    order by o.created_at desc, o.id desc limit ${CHOICES_OF}) r`;
  const ofModel = recent(sql`and o.model_id = v.model_id`);
  const { rows: models } = await sql<{ id: string }>`select distinct v.model_id as id from model_version v
    where v.site_id = ${siteId} and exists (select 1 from ${ofModel} where ${isShown}) order by 1`.execute(
    db,
  );
  const { rows: newest } = await sql<ResultRow>`select n.* from (
    select id, created_at from (select distinct on (r.study_instance_uid) r.id, r.created_at
      from ${recent(sql``)} where ${isShown} and r.study_instance_uid is not null
      order by r.study_instance_uid, r.created_at desc) of_study
    order by created_at desc limit ${CHOICES_LIMIT}) chosen
    join inference_result n on n.id = chosen.id order by n.created_at desc`.execute(db);
  return { models: models.map(({ id }) => id), newest };
}

/**
 * The result has no verdict that the caller may see. A hidden verdict counts as none, because a result listed apart
 * from its run would reveal it.
 */
const isUnjudged = ({ shownTo }: ResultFilter, name: ResultName): RawBuilder<boolean> =>
  sql`(${sql.ref(`${name}.verdict`)} is null ${shownTo === undefined ? sql`` : sql`or ${isHiddenVerdict(shownTo, name)}`})`;

/** A condition on a result (`name`: its table's name). */
async function fitting(
  db: Db,
  siteId: string,
  filter: ResultFilter,
  name: ResultName,
): Promise<RawBuilder<boolean>> {
  const { shownTo, user, model, version, study, verdict, differs, from, to, alike } = filter;
  const of = (column: keyof ResultRow) => sql.ref(`${name}.${column}`);
  const conditions = [
    sql`${of('site_id')} = ${siteId}`,
    shownTo && (await mayKnowResult(db, shownTo, name, ['auditor'])),
    user &&
      sql`exists (select 1 from result_request q where q.result_id = ${of('id')} and q.account_id = ${user})`,
    model && sql`${of('model_id')} = ${model}`,
    version && sql`${of('version')} = ${version}`,
    study && sql`${of('study_instance_uid')} = ${study}`,
    verdict === 'none' && isUnjudged(filter, name),
    verdict !== undefined && verdict !== 'none' && sql`${of('verdict')} = ${verdict}`,
    verdict !== undefined && verdict !== 'none' && shownTo && sql`not ${isHiddenVerdict(shownTo, name)}`,
    differs && sql`${of('disagreement')} is not null`,
    from && sql`${of('created_at')} >= ${from}`,
    to && sql`${of('created_at')} < ${to}`,
    alike &&
      sql`${of('id')} <> ${alike} and ${isUnjudged(filter, name)}
        and ${of('run_answer')} = (select o.run_answer from inference_result o where o.id = ${alike})`,
  ].filter((condition) => condition !== undefined && condition !== false && condition !== '');
  return sql<boolean>`(${sql.join(conditions, sql` and `)})`;
}
