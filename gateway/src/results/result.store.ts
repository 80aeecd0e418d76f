/**
 * Results in the database: one for each input, set of models and parameters, with its requests and the radiologist's
 * verdict. The same question finds the existing row (result-cache.ts).
 */
import type { Selectable } from 'kysely';
import type { z } from 'zod';
import type { ModelRef } from '#shared/models/model.ts';
import type { disagreementSchema, Finding } from '#shared/protocol/inference.ts';
import type { Db, Trx } from '../database/database.ts';
import type { InferenceResultTable, ResultVerdictTable } from '../database/inference-tables.ts';
import type { ResultMap } from '../images/examination.ts';
import { insertMaps } from './result-map.store.ts';

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
  readonly runAnswer: string | null;
  readonly now: Date;
};

/** Inserts the result, or returns the existing one: the same question has the same answer. */
export async function insertResult(
  trx: Trx,
  { id, siteId, key, finding, models, maps, disagreement, runAnswer, now }: NewResult,
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
      run_answer: runAnswer,
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

/** Records that somebody received the result. Repeatable. */
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

/** Stores the radiologist's verdict as the next revision; earlier ones stay in `result_verdict`. */
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
