/**
 * Runs a job from beginning to end. It may be killed at any point and run again, here or by another gateway: each
 * result is stored once, the attempt is counted, and a job that has ended (or was cancelled meanwhile) is left as it
 * is. A failed attempt is repeated a few times with growing pauses. If the PACS is unreachable or the disk is full,
 * the job waits.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ALL_PROBLEMS, type AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { describeError } from '../observability/log.ts';
import { StorageFull } from '../ports/blobs/blobs.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { triageOf } from '../pipeline/stores/triage.store.ts';
import { reachedInstances } from '../findings/result-reach.ts';
import { ownInstances } from '../results/result-instance.store.ts';
import { askModels, type Ask, type Input } from './ask-models.ts';
import { codeOf } from './code-of-error.ts';
import type { Film } from '../images/examine-thread.ts';
import type { InferenceTools } from './inference-tools.ts';
import { beginJob, endJob, findJob, lockJob, putBack, setProgress, type JobRow } from './job.store.ts';
import type { ModelSet } from './model-set.ts';
import { fetchWhole, isImage, LISTED_LIMIT, storedDigest } from '../images/study-images.ts';
import { withModels } from './with-models.ts';

export const JOB_QUEUE = 'inference-job';
export type InferenceJob = { readonly jobId: string };

/** A job that has failed this often is not tried again, because the model itself must be at fault. */
const ATTEMPTS_LIMIT = 3;
const AWAITED_AGAIN_SECONDS = 15;
/** The job gives up after a day without the PACS or with a full disk; somebody can then request it again. */
const PATIENCE_MS = 24 * 3600 * 1000;
/** A study of projections has a few images. Asking about 500 slices one by one would be useless. */
export const IMAGES_A_JOB = 64;

/** Why the models cannot examine an image. They still examine the other images of its study. */
type Refusal = AnyProblemCode;

export async function runInferenceJob(
  jobId: string,
  tools: InferenceTools,
  signal: AbortSignal,
): Promise<void> {
  const job = await findJob(tools.db, jobId);
  if (job === undefined || (job.state !== 'queued' && job.state !== 'running')) return;
  if (job.attempt >= ATTEMPTS_LIMIT)
    return end(job, 'failed', (job.error as AnyProblemCode | null) ?? 'unexpected', tools);
  const ended = new AbortController();
  const unsubscribe = tools.changes.subscribe((changed) => {
    if (changed !== jobId) return;
    const look = findJob(tools.db, jobId).then((now) => {
      if (now?.state === 'cancelled') ended.abort(new Cancelled());
    });
    void ignoreFailure(look, 'while the database is away, `setProgress` finds out at the next image');
  });
  const called = AbortSignal.any([signal, AbortSignal.timeout(job.timeout_seconds * 1000), ended.signal]);
  try {
    const outcome = await withModels(
      { siteId: job.site_id, model: job.model_id, version: job.version ?? job.version_asked },
      tools,
      async (set) => {
        const begun = await begin(job, set, tools);
        return begun === null ? null : work(begun, set, tools, called);
      },
    );
    if (outcome === null) return;
    if (outcome.failed === null) await tellCases(job, tools, called);
    await end(job, outcome.failed === null ? 'done' : 'failed', outcome.failed, tools);
  } catch (error) {
    // The gateway is stopping. The next one to start continues the job, and this run does not count as an attempt.
    if (signal.aborted) {
      await tools.db
        .transaction()
        .execute((trx) => putBack(trx, jobId, job.error as AnyProblemCode | null, job.attempt));
      throw error;
    }
    await settle(job, error, called, tools);
  } finally {
    unsubscribe();
  }
}

/** Opens cases before the job ends. A job that is killed here runs again, and finds its results in the cache. */
async function tellCases(job: JobRow, tools: InferenceTools, signal: AbortSignal): Promise<void> {
  const { site_id: siteId, study_instance_uid: studyInstanceUID } = job;
  if (studyInstanceUID !== null) await tools.openCases({ siteId, studyInstanceUID }, signal);
}

class Cancelled extends Error {}

/** Null: the job has ended meanwhile. The attempt is counted before anything can fail. */
async function begin(
  job: JobRow,
  { asked, insteadOf }: ModelSet,
  tools: InferenceTools,
): Promise<JobRow | null> {
  const begun = await tools.db.transaction().execute(async (trx) => {
    const locked = await lockJob(trx, job.id);
    if (locked === undefined || (locked.state !== 'queued' && locked.state !== 'running')) return null;
    // A fallback is used for this attempt only; the requested version may be available again for the next one.
    return beginJob(
      trx,
      { ...locked, attempt: job.attempt },
      insteadOf === null ? asked.version : null,
      tools.now(),
    );
  });
  tools.changes.emit(job.id);
  return begun;
}

/** Processes the job image by image. `failed`: the reason why there is no finding at all. */
async function work(
  job: JobRow,
  set: ModelSet,
  tools: InferenceTools,
  signal: AbortSignal,
): Promise<{ readonly failed: Refusal | null }> {
  const inputs = await inputsOf(job, tools, signal);
  await setProgress(tools.db, job.id, { done: 0, total: inputs.length });
  const ask: Ask = {
    siteId: job.site_id,
    parameters: job.parameters,
    useCache: job.use_cache,
    asker: { askedId: job.id, accountId: job.account_id, jobId: job.id },
  };
  const refusals: Refusal[] = [];
  for (const [at, input] of inputs.entries()) {
    const answered = await askModels({ input, set, ask }, tools, signal);
    if (answered.kind === 'refused') refusals.push(answered.because);
    else if (job.kind !== 'file') await tools.deliver(answered.result, bytesOf(input), signal);
    if (!(await setProgress(tools.db, job.id, { done: at + 1 }))) throw new Cancelled();
    tools.changes.emit(job.id);
  }
  return { failed: refusals.length === inputs.length ? (refusals[0] ?? 'nothing-to-look-at') : null };
}

/** @throws Problem study-not-found, nothing-to-look-at, too-many-inputs, job-not-ended; PacsUnreachable. */
async function inputsOf(job: JobRow, tools: InferenceTools, signal: AbortSignal): Promise<readonly Input[]> {
  const { id, site_id, wrapped_key, input_bytes, study_instance_uid: study, frame } = job;
  if (job.kind === 'file') {
    const film = async (): Promise<Film> => {
      const kept = wrapped_key && (await tools.inputs.read(id, wrapped_key, input_bytes ?? 0));
      if (!kept) throw new Problem('job-not-ended');
      return { bytes: kept };
    };
    return [{ source: 'file', digest: null, frame, triage: null, film }];
  }
  if (study === null) throw new Problem('study-not-found');
  const listed = await tools.pacs.describeStudy(study, LISTED_LIMIT, signal);
  const own = await ownInstances(tools.db, site_id, study);
  const reached = await reachedBy(job, study, tools);
  const wanted = listed.filter(
    ({ sopInstanceUID }) =>
      reached.has(sopInstanceUID) &&
      (job.sop_instance_uid === null ? !own.has(sopInstanceUID) : sopInstanceUID === job.sop_instance_uid),
  );
  if (wanted.length === 0) throw new Problem('study-not-found');
  const images = wanted.filter(isImage);
  if (images.length === 0) throw new Problem('nothing-to-look-at');
  if (images.length > IMAGES_A_JOB) throw new Problem('too-many-inputs');
  return Promise.all(
    images.map(
      async (image): Promise<Input> => ({
        source: 'pacs',
        frame,
        digest: await storedDigest(tools.db, site_id, image),
        triage: (await triageOf(tools.db, site_id, study, image.sopInstanceUID)) ?? null,
        film: async (until) => ({ bytes: await fetchWhole(tools.pacs, image, until) }),
      }),
    ),
  );
}

const bytesOf =
  ({ film }: Input) =>
  async (until: AbortSignal): Promise<Uint8Array> =>
    (await film(until)).bytes;

/** The instances to which the job's account has access now; a rule's job may examine all. */
async function reachedBy(
  { account_id, site_id: siteId }: JobRow,
  study: string,
  { db }: InferenceTools,
): Promise<{ has(sopInstanceUID: string): boolean }> {
  if (account_id === null) return { has: () => true };
  const { roles } = await db
    .selectFrom('account')
    .select('roles')
    .where('id', '=', account_id)
    .executeTakeFirstOrThrow();
  return reachedInstances(db, { id: account_id, siteId, roles }, study);
}

/** Decides after an error between another attempt and the end of the job. */
async function settle(
  job: JobRow,
  error: unknown,
  signal: AbortSignal,
  tools: InferenceTools,
): Promise<void> {
  if (error instanceof Cancelled || signal.reason instanceof Cancelled) return;
  if ((error instanceof PacsUnreachable && !signal.aborted) || error instanceof StorageFull) {
    const code = error instanceof StorageFull ? 'storage-full' : 'pacs-unreachable';
    const isWaitedFor = tools.now().getTime() - job.created_at.getTime() < PATIENCE_MS;
    return isWaitedFor
      ? again(job, { code, attempt: job.attempt, seconds: AWAITED_AGAIN_SECONDS }, tools)
      : end(job, 'failed', code, tools);
  }
  const code = codeOf(error, signal);
  // An error that would occur again in the next attempt ends the job.
  const isFinal = code !== null && ALL_PROBLEMS[code].retry !== 'later';
  const attempt = job.attempt + 1;
  const isLast = isFinal || attempt >= ATTEMPTS_LIMIT;
  tools.log({ event: 'inference-failed', jobId: job.id, code: code ?? 'unexpected', attempt, isLast });
  if (code === null) tools.log({ event: 'unexpected-error', where: 'inference', ...describeError(error) });
  if (isLast) return end(job, 'failed', code ?? 'unexpected', tools);
  const { backOffSeconds } = tools.inferencePatience;
  const seconds = backOffSeconds[attempt - 1] ?? backOffSeconds.at(-1) ?? 0;
  return again(job, { code: code ?? 'unexpected', attempt, seconds }, tools);
}

/** Another attempt: its number, the seconds before it, and the reason for it. */
type Again = { readonly code: AnyProblemCode; readonly attempt: number; readonly seconds: number };

async function again(job: JobRow, { code, attempt, seconds }: Again, tools: InferenceTools): Promise<void> {
  await tools.db.transaction().execute(async (trx) => {
    if (await putBack(trx, job.id, code, attempt)) {
      await tools.jobs.enqueue(
        trx,
        JOB_QUEUE,
        { jobId: job.id },
        { key: job.id, priority: job.priority, startAfterSeconds: seconds },
      );
    }
  });
  tools.changes.emit(job.id);
}

async function end(
  job: JobRow,
  state: 'done' | 'failed',
  error: AnyProblemCode | null,
  tools: InferenceTools,
): Promise<void> {
  const hasEnded = await tools.db
    .transaction()
    .execute((trx) => endJob(trx, job.id, { state, error }, tools.now()));
  if (hasEnded && job.wrapped_key !== null) await tools.inputs.destroy(job.id, job.wrapped_key);
  tools.changes.emit(job.id);
}
