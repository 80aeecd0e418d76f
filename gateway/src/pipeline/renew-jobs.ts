/**
 * Makes the jobs that the state asks for and the queue lacks. A job is made in the transaction of the change that calls
 * for it, so none should ever be missing. But a study must not depend on one row of a queue: if the row is lost, the
 * state still says what comes next.
 */
import { sql } from 'kysely';
import type { StudyState } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Log } from '../observability/log.ts';
import { accountOf } from './stores/parcel.store.ts';
import { enqueueStage, type NextJob, type PipelineQueue, type Stage } from './plan/stages.ts';

export const RENEW_EVERY_SECONDS = 60;

type Tools = { readonly db: Db; readonly log: Log };
type Ids = readonly { readonly id: string }[];
type StudyStage = { readonly stage: Exclude<Stage, 'intake' | 'verify'>; readonly when: StudyState };

/**
 * `road`: the stage that moves a study out of each state. A study in a state without a stage waits for a person, or has
 * ended.
 */
export async function renewJobs(tools: Tools, jobs: Jobs, road: readonly StudyStage[]): Promise<void> {
  const received = await tools.db
    .selectFrom('parcel')
    .innerJoin('upload', 'upload.id', 'parcel.upload_id')
    .select(['parcel.id', 'upload.account_id'])
    .where('parcel.state', '=', 'received')
    .execute();
  await renew(tools, jobs, received, (parcel) => ({
    queue: 'verify',
    parcelId: parcel.id,
    account: accountOf(parcel),
  }));
  for (const { stage, when } of road) {
    const studies = await studiesIn(tools.db, when);
    await renew(tools, jobs, studies, ({ id: studyId }) => ({ queue: stage, studyId }));
  }
  await renewCopies(tools, jobs);
}

/** Copies that have something to do. A copy whose original is not complete has nothing to do yet. */
async function movingCopies(db: Db): Promise<Ids> {
  return db
    .selectFrom('study')
    .innerJoin('study as original', 'original.id', 'study.copy_of')
    .select('study.id')
    .where('study.state', '<>', 'closed')
    .where(sql<boolean>`(study.state <> 'held' or study.given_up_at is not null)`)
    .where('original.state', '<>', 'receiving')
    .execute();
}

/** Studies in this state. A study that still awaits instances is left out: their parcels, or expiry, move it. */
async function studiesIn(db: Db, state: StudyState): Promise<Ids> {
  const studies = db.selectFrom('study').select('id').where('state', '=', state).where('copy_of', 'is', null);
  if (state !== 'receiving') return studies.execute();
  return studies
    .where(
      sql<boolean>`not exists (select 1 from instance where study_id = study.id and instance.state = 'promised')`,
    )
    .execute();
}

async function renewCopies(tools: Tools, jobs: Jobs): Promise<void> {
  const copies = await movingCopies(tools.db);
  await enqueueMissing(tools, jobs, { queue: 'copies', ids: copies.map(({ id }) => id) }, (studyId) => ({
    queue: 'assembly',
    studyId,
  }));
}

async function renew<Row extends { readonly id: string }>(
  tools: Tools,
  jobs: Jobs,
  rows: readonly Row[],
  toJob: (row: Row) => NextJob,
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const of = new Map(rows.map((row) => [row.id, row]));
  const { queue } = toJob(first);
  await enqueueMissing(tools, jobs, { queue, ids: [...of.keys()] }, (id) => toJob(of.get(id)!));
}

type Line = { readonly queue: PipelineQueue; readonly ids: readonly string[] };

async function enqueueMissing(
  { db, log }: Tools,
  jobs: Jobs,
  { queue, ids }: Line,
  toJob: (id: string) => NextJob,
): Promise<void> {
  if (ids.length === 0) return;
  const missing = await jobs.withoutJob(queue, ids);
  for (const id of missing) await db.transaction().execute((trx) => enqueueStage(trx, { jobs }, toJob(id)));
  if (missing.length > 0) log({ event: 'jobs-renewed', queue, count: missing.length });
}
