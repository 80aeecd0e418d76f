/**
 * Inference jobs in the database. The gateway that runs a job begins, advances and ends it. Each change names the
 * states from which it may start, so a run that is out of date (because the job was cancelled, or another gateway
 * took it over) changes nothing.
 */
import { sql, type Selectable } from 'kysely';
import { ALL_PROBLEMS, type AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { Job } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db, Trx } from '../database/database.ts';
import type { InferenceJobTable, JobKind, JobParameters } from '../database/inference-tables.ts';

export type JobRow = Selectable<InferenceJobTable>;

/** Why the job ended without results, or waits for another attempt. */
type JobError = AnyProblemCode;

type NewJob = {
  readonly id: string;
  readonly siteId: string;
  readonly accountId: string | null;
  readonly ruleName: string | null;
  readonly kind: JobKind;
  readonly studyInstanceUID: string | null;
  readonly sopInstanceUID: string | null;
  readonly frame: number;
  readonly model: string;
  readonly version: string | null;
  readonly parameters: JobParameters;
  readonly useCache: boolean;
  readonly priority: number;
  readonly timeoutSeconds: number;
  /** Key and size of the file; null for an instance or a study. */
  readonly input: { readonly wrappedKey: Uint8Array; readonly bytes: number } | null;
  readonly now: Date;
};

export async function insertJob(trx: Trx, job: NewJob): Promise<void> {
  await trx
    .insertInto('inference_job')
    .values({
      id: job.id,
      site_id: job.siteId,
      account_id: job.accountId,
      kind: job.kind,
      rule_name: job.ruleName,
      study_instance_uid: job.studyInstanceUID,
      sop_instance_uid: job.sopInstanceUID,
      frame: job.frame,
      model_id: job.model,
      version_asked: job.version,
      version: null,
      parameters: JSON.stringify(job.parameters),
      use_cache: job.useCache,
      priority: job.priority,
      timeout_seconds: job.timeoutSeconds,
      state: 'queued',
      error: null,
      wrapped_key: job.input?.wrappedKey ?? null,
      input_bytes: job.input?.bytes ?? null,
      created_at: job.now,
      started_at: null,
      finished_at: null,
    })
    .execute();
}

export async function findJob(db: Db, id: string): Promise<JobRow | undefined> {
  return db.selectFrom('inference_job').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function lockJob(trx: Trx, id: string): Promise<JobRow | undefined> {
  return trx.selectFrom('inference_job').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** The newest first. `accountId` null: the jobs of all accounts, and of rules. */
export async function listJobs(
  db: Db,
  siteId: string,
  accountId: string | null,
  limit: number,
): Promise<JobRow[]> {
  const all = db
    .selectFrom('inference_job')
    .selectAll()
    .where('site_id', '=', siteId)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(limit);
  return (accountId === null ? all : all.where('account_id', '=', accountId)).execute();
}

/** How many jobs of one account may wait or run: two full batches of studies, and a few more. */
const OPEN_JOBS_LIMIT = 256;

/**
 * Checks that the account may have `more` additional open jobs. Another request of the account waits until this
 * transaction has ended, because otherwise neither would see the other's jobs. @throws Problem rate-limited.
 */
export async function requireRoom(trx: Trx, accountId: string, more: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${`jobs ${accountId}`}))`.execute(trx);
  const open = trx
    .selectFrom('inference_job')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('account_id', '=', accountId)
    .where('state', 'in', ['queued', 'running']);
  const { count } = await open.executeTakeFirstOrThrow();
  if (Number(count) + more > OPEN_JOBS_LIMIT)
    throw new Problem('rate-limited', undefined, { 'Retry-After': '15' });
}

/**
 * Records that a run of the job begins. No other run is active, because jobs with one key never run at the same time.
 * `version`: the version with which it begins, if already known.
 */
export async function beginJob(
  trx: Trx,
  { id, attempt }: JobRow,
  version: string | null,
  now: Date,
): Promise<JobRow> {
  const begun = trx
    .updateTable('inference_job')
    .set({ state: 'running', attempt: attempt + 1, version, started_at: now, error: null })
    .where('id', '=', id);
  return begun.returningAll().executeTakeFirstOrThrow();
}

/** False: the job no longer runs (it was cancelled), and nothing was changed. */
export async function setProgress(
  db: Db,
  id: string,
  progress: { readonly done?: number; readonly total?: number },
): Promise<boolean> {
  const moved = db
    .updateTable('inference_job')
    .set(progress)
    .where('id', '=', id)
    .where('state', '=', 'running');
  return (await moved.executeTakeFirst()).numUpdatedRows > 0n;
}

/** Puts the job back for another attempt. False: the job has ended. */
export async function putBack(
  trx: Trx,
  id: string,
  error: JobError | null,
  attempt: number,
): Promise<boolean> {
  const back = trx
    .updateTable('inference_job')
    .set({ state: 'queued', error, attempt })
    .where('id', '=', id)
    .where('state', 'in', ['queued', 'running']);
  return (await back.executeTakeFirst()).numUpdatedRows > 0n;
}

/** Ends the job. False: it had already ended. A file that came with the job is then no longer needed. */
export async function endJob(
  trx: Trx,
  id: string,
  end: { readonly state: 'done' | 'failed' | 'cancelled'; readonly error: JobError | null },
  now: Date,
): Promise<boolean> {
  const ended = trx
    .updateTable('inference_job')
    .set({ ...end, finished_at: now, wrapped_key: null })
    .where('id', '=', id)
    .where('state', 'in', ['queued', 'running']);
  return (await ended.executeTakeFirst()).numUpdatedRows > 0n;
}

/** Starts the job again, with all its attempts and its full waiting time, as if it were requested now. */
export async function renewJob(trx: Trx, id: string, now: Date): Promise<void> {
  const renewed = {
    state: 'queued',
    error: null,
    attempt: 0,
    done: 0,
    version: null,
    created_at: now,
    started_at: null,
    finished_at: null,
  } as const;
  await trx.updateTable('inference_job').set(renewed).where('id', '=', id).execute();
}

/**
 * Deletes at most `limit` jobs that ended before this time, and returns their number. Their results stay, with the
 * accounts that received them.
 */
export async function deleteEndedJobs(trx: Trx, before: Date, limit: number): Promise<number> {
  const ended = await trx
    .selectFrom('inference_job')
    .select('id')
    .where('finished_at', '<', before)
    .orderBy('finished_at')
    .limit(limit)
    .forUpdate()
    .execute();
  const ids = ended.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await trx.updateTable('result_request').set({ job_id: null }).where('job_id', 'in', ids).execute();
  await trx.deleteFrom('inference_job').where('id', 'in', ids).execute();
  return ids.length;
}

/** The jobs that still need their file, with its key. */
export async function inputKeys(db: Db): Promise<ReadonlyMap<string, Uint8Array>> {
  const rows = await db
    .selectFrom('inference_job')
    .select(['id', 'wrapped_key'])
    .where('wrapped_key', 'is not', null)
    .execute();
  return new Map(rows.map(({ id, wrapped_key }) => [id, wrapped_key!]));
}

/** The results of each of these jobs. */
async function resultsOf(db: Db, jobIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  if (jobIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('result_request')
    .select(['job_id', 'result_id'])
    .where('job_id', 'in', [...jobIds])
    .orderBy('at')
    .orderBy('result_id')
    .execute();
  return new Map(
    [...Map.groupBy(rows, ({ job_id }) => job_id ?? '')].map(([id, own]) => [
      id,
      own.map(({ result_id }) => result_id),
    ]),
  );
}

export async function toShownJobs(db: Db, rows: readonly JobRow[]): Promise<Job[]> {
  const results = await resultsOf(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => toShown(row, results.get(row.id) ?? []));
}

function toShown(row: JobRow, results: readonly string[]): Job {
  const instant = (at: Date | null): string | null => at?.toISOString() ?? null;
  return {
    id: row.id,
    state: row.state,
    model: { id: row.model_id, version: row.version ?? row.version_asked },
    priority: row.priority,
    progress: { done: row.done, of: row.total },
    attempt: row.attempt,
    error: toError(row.error),
    results: [...results],
    studyInstanceUID: row.study_instance_uid,
    createdAt: row.created_at.toISOString(),
    startedAt: instant(row.started_at),
    finishedAt: instant(row.finished_at),
  };
}

function toError(code: string | null): Job['error'] {
  if (code === null) return null;
  const known: Readonly<Record<string, { readonly title: string }>> = ALL_PROBLEMS;
  return { code, title: known[code]?.title ?? ALL_PROBLEMS.unexpected.title };
}
