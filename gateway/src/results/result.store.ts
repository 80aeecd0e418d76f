/**
 * Results in the database: one for each input, set of models and parameters, with what explains it, who asked
 * for it, what a radiologist said of it, and where it is in the PACS. It is the cache as well: the same
 * question finds the row that is there.
 */
import { createHash } from 'node:crypto';
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { z } from 'zod';
import type { LungMasks } from '#shared/models/lung-fields.ts';
import type { ModelRef, Population } from '#shared/models/model.ts';
import type { disagreementSchema, Finding, ResultInstance } from '#shared/protocol/inference.ts';
import type {
  InferenceResultTable,
  JobParameters,
  ResultInstanceTable,
} from '../database/inference-tables.ts';
import type { Tables } from '../database/tables.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import { isOwn, type Asking } from './result-reach.ts';

type Db = Kysely<Tables>;
type Trx = Transaction<Tables>;
export type ResultRow = Selectable<InferenceResultTable>;
export type Disagreement = z.infer<typeof disagreementSchema>;
/**
 * What explains a result, a square over the whole image, rows from the top: values, or 0 and 1 for each of
 * two lungs, the right one first.
 */
type MapData = {
  readonly cam: Float32Array;
  readonly attributions: Float32Array;
  readonly lungs: Uint8Array;
};
export type ResultMap<Name extends keyof MapData = keyof MapData> = {
  readonly name: Name;
  readonly dims: readonly number[];
  readonly data: MapData[Name];
};

export type InputSource = 'file' | 'pacs';
/**
 * What a result is the answer to. `models`: words for all that are asked (`wordsOf`). `population`: as the
 * device said.
 */
export type CacheQuestion = {
  readonly inputDigest: string;
  /** A file's result is never a study's, nor the other way round. */
  readonly source: InputSource;
  readonly frame: number;
  readonly models: readonly string[];
  readonly parameters: JobParameters;
  readonly population: Population | null;
};

/**
 * Raised when the same bytes and models come to say something else, because pixels or headers are read
 * otherwise.
 */
const READING = 2;

export function cacheKey({
  inputDigest,
  source,
  frame,
  models,
  parameters,
  population,
}: CacheQuestion): string {
  const { threshold = null, steps = null, explain } = parameters;
  const asked = [
    READING,
    inputDigest,
    source,
    frame,
    [...models].sort(),
    threshold,
    steps,
    explain === undefined ? null : [...explain].sort(),
    population,
  ];
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex');
}

export async function findCached(db: Db, siteId: string, key: string): Promise<ResultRow | undefined> {
  return db
    .selectFrom('inference_result')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('cache_key', '=', key)
    .executeTakeFirst();
}

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
  for (const { name, dims, data } of maps) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    await trx
      .insertInto('result_map')
      .values({ result_id: id, name, dims: [...dims], bytes })
      .execute();
  }
  return inserted;
}

export type Asker = {
  readonly askedId: string;
  readonly accountId: string | null;
  readonly jobId: string | null;
};

/** Somebody was given it. Repeatable. */
export async function insertRequest(
  trx: Trx,
  resultId: string,
  { askedId, accountId, jobId }: Asker,
  cached: boolean,
  now: Date,
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

export async function mapOf<Name extends keyof MapData>(
  db: Db,
  resultId: string,
  name: Name,
): Promise<ResultMap<Name> | undefined> {
  const row = await db
    .selectFrom('result_map')
    .select(['dims', 'bytes'])
    .where('result_id', '=', resultId)
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { name, dims: row.dims, data: READ[name](row.bytes) };
}

/**
 * Copies: float32 need an offset that is a multiple of 4, and what a driver gives may be a piece of something
 * larger.
 */
const floats = (bytes: Uint8Array): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);
const READ: { readonly [Name in keyof MapData]: (bytes: Uint8Array) => MapData[Name] } = {
  cam: floats,
  attributions: floats,
  lungs: (bytes) => new Uint8Array(bytes),
};

export const sideOf = ({ dims }: ResultMap): number => dims.at(-1)!;

export function masksOf(lungs: ResultMap<'lungs'>): LungMasks {
  const [side, cells] = [sideOf(lungs), lungs.data.length / 2];
  return { side, right: lungs.data.subarray(0, cells), left: lungs.data.subarray(cells) };
}

export type ResultFilter = {
  /** Only what this caller reaches as their own (reach.ts); undefined: all. */
  readonly ownOf?: Asking | undefined;
  /** Asked for by this account. */
  readonly user?: string | undefined;
  readonly model?: string | undefined;
  readonly study?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly after?: { readonly at: Date; readonly id: string } | undefined;
  readonly limit: number;
};

/** The newest first. */
export async function listResults(
  db: Db,
  siteId: string,
  { ownOf, user, model, study, from, to, after, limit }: ResultFilter,
): Promise<ResultRow[]> {
  let query = db
    .selectFrom('inference_result as r')
    .selectAll('r')
    .where('r.site_id', '=', siteId)
    .orderBy('r.created_at', 'desc')
    .orderBy('r.id', 'desc')
    .limit(limit);
  if (ownOf !== undefined) query = query.where(await isOwn(db, 'r', ownOf));
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
  if (study !== undefined) query = query.where('r.study_instance_uid', '=', study);
  if (from !== undefined) query = query.where('r.created_at', '>=', from);
  if (to !== undefined) query = query.where('r.created_at', '<', to);
  if (after !== undefined)
    query = query.where(sql<boolean>`(r.created_at, r.id) < (${after.at}::timestamptz, ${after.id}::uuid)`);
  return query.execute();
}

/** Of these results, who asked first, and by which job. */
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

/** Of these accounts, what each signs in with. */
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

/**
 * Of these results, their instances, with the state that the road has given each, and the newest receipt that
 * names it. `refused`: something that is none of the gateway's own stands under the UID, and stays.
 */
export async function instancesOfResults(
  db: Db,
  resultIds: readonly string[],
): Promise<ReadonlyMap<string, readonly ResultInstance[]>> {
  if (resultIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('result_instance as i')
    .innerJoin('inference_result as r', 'r.id', 'i.result_id')
    .leftJoinLateral(
      (from) =>
        from
          .selectFrom('instance as o')
          .select(['o.state', 'o.policy_name', 'o.study_id', 'o.revision as study_revision', 'o.digest'])
          .whereRef('o.sop_instance_uid', '=', 'i.sop_instance_uid')
          .whereRef('o.site_id', '=', 'r.site_id')
          .orderBy(sql`o.policy_name = ${RESULTS_POLICY.name}`, 'desc')
          .orderBy(sql`o.state in ('refused', 'left-out', 'quarantined')`)
          .orderBy('o.id')
          .limit(1)
          .as('s'),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      (from) =>
        from
          .selectFrom('receipt')
          .select(['receipt.id as receipt_id', 'receipt.issued_at'])
          .whereRef('receipt.study_id', '=', 's.study_id')
          .whereRef('receipt.revision', '>=', 's.study_revision')
          .orderBy('receipt.revision', 'desc')
          .limit(1)
          .as('n'),
      (join) => join.onTrue(),
    )
    .select([
      'i.result_id',
      'i.kind',
      'i.series_instance_uid',
      'i.sop_instance_uid',
      'i.revision',
      's.state',
      's.policy_name',
      's.digest',
      'n.receipt_id',
      'n.issued_at',
    ])
    .where('i.result_id', 'in', [...resultIds])
    .orderBy('i.revision')
    .orderBy('i.kind')
    .orderBy('i.sop_instance_uid')
    .execute();
  return new Map(
    [...Map.groupBy(rows, ({ result_id }) => result_id)].map(([id, own]) => [
      id,
      own.map(
        (row): ResultInstance => ({
          kind: row.kind,
          revision: row.revision,
          seriesInstanceUID: row.series_instance_uid,
          sopInstanceUID: row.sop_instance_uid,
          state:
            row.state === null ? 'promised' : row.policy_name === RESULTS_POLICY.name ? row.state : 'refused',
          digest: row.digest,
          receipt:
            row.receipt_id === null || row.issued_at === null
              ? null
              : { id: row.receipt_id, issuedAt: row.issued_at.toISOString() },
        }),
      ),
    ]),
  );
}

export type NewInstance = {
  readonly kind: ResultInstanceTable['kind'];
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
};

/** Repeatable: their UIDs derive from the result. */
export async function insertResultInstances(
  trx: Trx,
  resultId: string,
  revision: number,
  instances: readonly NewInstance[],
): Promise<void> {
  if (instances.length === 0) return;
  const rows = instances.map(({ kind, seriesInstanceUID, sopInstanceUID }) => ({
    result_id: resultId,
    kind,
    series_instance_uid: seriesInstanceUID,
    sop_instance_uid: sopInstanceUID,
    revision,
  }));
  await trx
    .insertInto('result_instance')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['result_id', 'sop_instance_uid']).doNothing())
    .execute();
}

/** Of the study, the SOP Instance UIDs that results have made: no model looks at them. */
export async function ownInstances(
  db: Db,
  siteId: string,
  studyInstanceUID: string,
): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('result_instance as i')
    .innerJoin('inference_result as r', 'r.id', 'i.result_id')
    .select('i.sop_instance_uid')
    .where('r.site_id', '=', siteId)
    .where('r.study_instance_uid', '=', studyInstanceUID)
    .execute();
  return new Set(rows.map(({ sop_instance_uid }) => sop_instance_uid));
}

export type Verification = {
  readonly verdict: 'agree' | 'correct';
  readonly finding: string | null;
  readonly sealedReason: Uint8Array | null;
  readonly by: string;
  readonly now: Date;
};

/** What the radiologist said, as the next revision. */
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
  return revision;
}
