/**
 * Results in the database: one for each input, set of models and parameters, with its requests and the
 * radiologist's verdict. The same question finds the row that is there (result-cache.ts).
 */
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { z } from 'zod';
import type { ModelRef } from '#shared/models/model.ts';
import type { disagreementSchema, Finding } from '#shared/protocol/inference.ts';
import type { InferenceResultTable, ResultVerdictTable } from '../database/inference-tables.ts';
import type { Tables } from '../database/tables.ts';
import { isHiddenVerdict } from '../reviews/blinding.ts';
import { insertMaps, type ResultMap } from './result-map.store.ts';
import { mayKnowResult, type Asking } from './result-reach.ts';

type Db = Kysely<Tables>;
type Trx = Transaction<Tables>;
export type ResultRow = Selectable<InferenceResultTable>;
export type Disagreement = z.infer<typeof disagreementSchema>;
export async function findResult(db: Db, siteId: string, id: string): Promise<ResultRow | undefined> {
  return db
    .selectFrom('inference_result')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('id', '=', id)
    .executeTakeFirst();
}

export async function lockResult(trx: Trx, siteId: string, id: string): Promise<ResultRow | undefined> {
  return trx
    .selectFrom('inference_result')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

export type NewResult = {
  readonly id: string;
  readonly siteId: string;
  readonly key: string;
  readonly finding: Finding;
  readonly models: readonly ModelRef[];
  readonly maps: readonly ResultMap[];
  readonly disagreement: Disagreement | null;
  readonly now: Date;
};

/** The result, or the one that was there before it: the same question has the same answer. */
export async function insertResult(
  trx: Trx,
  { id, siteId, key, finding, models, maps, disagreement, now }: NewResult,
): Promise<ResultRow> {
  const { model, input } = finding;
  const inserted = await trx
    .insertInto('inference_result')
    .values({
      id,
      site_id: siteId,
      cache_key: key,
      model_id: model.id,
      version: model.version,
      model_digest: model.digest,
      input_digest: input.digest,
      study_instance_uid: input.studyInstanceUID ?? null,
      series_instance_uid: input.seriesInstanceUID ?? null,
      sop_instance_uid: input.sopInstanceUID ?? null,
      finding: JSON.stringify(finding),
      models: JSON.stringify(models),
      disagreement: disagreement && JSON.stringify(disagreement),
      verdict: null,
      verified_finding: null,
      verified_at: null,
      verified_by: null,
      sealed_reason: null,
      created_at: now,
    })
    .onConflict((conflict) => conflict.columns(['site_id', 'cache_key']).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (inserted === undefined)
    return trx
      .selectFrom('inference_result')
      .selectAll()
      .where('site_id', '=', siteId)
      .where('cache_key', '=', key)
      .executeTakeFirstOrThrow();
  await insertMaps(trx, id, maps);
  return inserted;
}

export type Asker = {
  readonly askedId: string;
  readonly accountId: string | null;
  readonly jobId: string | null;
};

/** The result was given to somebody. Repeatable. */
export async function insertRequest(
  trx: Trx,
  resultId: string,
  { askedId, accountId, jobId, cached, now }: Asker & { readonly cached: boolean; readonly now: Date },
): Promise<void> {
  const row = {
    result_id: resultId,
    asked_id: askedId,
    account_id: accountId,
    job_id: jobId,
    cached,
    at: now,
  };
  await trx
    .insertInto('result_request')
    .values(row)
    .onConflict((conflict) => conflict.columns(['result_id', 'asked_id']).doNothing())
    .execute();
}

export type ResultFilter = {
  /** Only the results that this caller may know of; undefined: all. */
  readonly shownTo?: Asking | undefined;
  /** Asked for by this account. */
  readonly user?: string | undefined;
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly study?: string | undefined;
  readonly verdict?: 'agree' | 'correct' | undefined;
  /** The device found something else. */
  readonly differs?: '1' | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly after?: { readonly at: Date; readonly id: string } | undefined;
  readonly limit: number;
};

/** The newest first. */
export async function listResults(
  db: Db,
  siteId: string,
  { shownTo, user, model, version, study, verdict, differs, from, to, after, limit }: ResultFilter,
): Promise<ResultRow[]> {
  let query = db
    .selectFrom('inference_result as r')
    .selectAll('r')
    .where('r.site_id', '=', siteId)
    .orderBy('r.created_at', 'desc')
    .orderBy('r.id', 'desc')
    .limit(limit);
  if (shownTo !== undefined) query = query.where(await mayKnowResult(db, shownTo, 'r', ['auditor']));
  if (user !== undefined) {
    query = query.where((where) =>
      where.exists(
        where
          .selectFrom('result_request as q')
          .select('q.at')
          .whereRef('q.result_id', '=', 'r.id')
          .where('q.account_id', '=', user),
      ),
    );
  }
  if (model !== undefined) query = query.where('r.model_id', '=', model);
  if (version !== undefined) query = query.where('r.version', '=', version);
  if (study !== undefined) query = query.where('r.study_instance_uid', '=', study);
  if (verdict !== undefined) query = query.where('r.verdict', '=', verdict);
  if (verdict !== undefined && shownTo !== undefined)
    query = query.where(sql<boolean>`not ${isHiddenVerdict(shownTo, 'r')}`);
  if (differs !== undefined) query = query.where('r.disagreement', 'is not', null);
  if (from !== undefined) query = query.where('r.created_at', '>=', from);
  if (to !== undefined) query = query.where('r.created_at', '<', to);
  if (after !== undefined)
    query = query.where(sql<boolean>`(r.created_at, r.id) < (${after.at}::timestamptz, ${after.id}::uuid)`);
  return query.execute();
}

/** The first account that asked for each of these results, and its job. */
export async function firstRequests(
  db: Db,
  resultIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly jobId: string | null; readonly accountId: string | null }>> {
  if (resultIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('result_request')
    .select(['result_id', 'job_id', 'account_id'])
    .distinctOn('result_id')
    .where('result_id', 'in', [...resultIds])
    .orderBy('result_id')
    .orderBy('at')
    .execute();
  return new Map(
    rows.map(({ result_id, job_id, account_id }) => [result_id, { jobId: job_id, accountId: account_id }]),
  );
}

/** The names with which these accounts sign in. */
export async function usernamesOf(
  db: Db,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (accountIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('account')
    .select(['id', 'username'])
    .where('id', 'in', [...accountIds])
    .execute();
  return new Map(rows.map(({ id, username }) => [id, username]));
}

export type Verification = {
  readonly verdict: 'agree' | 'correct';
  readonly finding: string | null;
  readonly sealedReason: Uint8Array | null;
  readonly by: string;
  readonly now: Date;
};

/** Keeps the radiologist's verdict as the next revision; those before it stay in `result_verdict`. */
export async function setVerification(
  trx: Trx,
  result: ResultRow,
  { verdict, finding, sealedReason, by, now }: Verification,
): Promise<number> {
  const revision = result.revision + 1;
  await trx
    .updateTable('inference_result')
    .set({
      verdict,
      verified_finding: finding,
      sealed_reason: sealedReason,
      verified_by: by,
      verified_at: now,
      revision,
    })
    .where('id', '=', result.id)
    .execute();
  await trx
    .insertInto('result_verdict')
    .values({
      result_id: result.id,
      revision,
      verdict,
      finding,
      sealed_reason: sealedReason,
      by_account: by,
      at: now,
    })
    .execute();
  return revision;
}

export type VerdictRow = Selectable<ResultVerdictTable>;

/** Every verdict on a result, the oldest first. */
export async function verdictsOf(db: Db, resultId: string): Promise<VerdictRow[]> {
  return db
    .selectFrom('result_verdict')
    .selectAll()
    .where('result_id', '=', resultId)
    .orderBy('revision')
    .execute();
}
