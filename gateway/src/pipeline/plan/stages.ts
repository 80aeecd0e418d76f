/**
 * The stages by name, in the order in which a study passes them, and the queues of jobs between them. A queue has the
 * name of its stage; `intake` has none, because it runs inside the request.
 */
import type { Trx } from '../../database/database.ts';
import type { Jobs } from '../../jobs/jobs.ts';

const STAGES = [
  'intake',
  'verify',
  'look-back',
  'assembly',
  'forward',
  'reconcile',
  'receipt',
  'eviction',
] as const;
export type Stage = (typeof STAGES)[number];

/**
 * `expiry` runs on a schedule; `inference` lets models look at a delivered study (gateway/src/inference); `copies` runs
 * every stage of a copy (run-copy.ts).
 */
export type PipelineQueue = Exclude<Stage, 'intake'> | 'expiry' | 'inference' | 'copies';
export type StudyJob = { readonly studyId: string };
export type ParcelJob = { readonly parcelId: string };

/**
 * A job to enqueue. `afterSeconds`: the least delay. `account`: the account whose turn it takes. In the stages at the
 * PACS, a study takes a turn of the account that sends it.
 */
export type NextJob = { readonly afterSeconds?: number } & (
  | ({ readonly queue: 'verify'; readonly account: string } & ParcelJob)
  | ({ readonly queue: Exclude<PipelineQueue, 'verify' | 'expiry' | 'copies'> } & StudyJob)
);

/** The stages in which a study waits for the PACS, however long that takes. */
const AT_THE_PACS: readonly PipelineQueue[] = ['look-back', 'forward', 'reconcile'];

/**
 * Enqueues the next stage in the transaction. Jobs of one study never run side by side in one stage; jobs of one copy
 * never run side by side at all.
 */
export async function enqueueStage(
  trx: Trx,
  { jobs }: { readonly jobs: Pick<Jobs, 'enqueue'> },
  job: NextJob,
): Promise<void> {
  const subject = 'studyId' in job ? { studyId: job.studyId } : { parcelId: job.parcelId };
  const key = 'studyId' in job ? job.studyId : job.parcelId;
  const { queue, group } = await lineOf(trx, job);
  await jobs.enqueue(trx, queue, subject, {
    key,
    ...(group === null ? {} : { group }),
    startAfterSeconds: job.afterSeconds ?? 0,
  });
}

type Line = { readonly queue: PipelineQueue; readonly group: string | null };

/** `group` null: jobs of this stage take no turns by account. Copies take turns by destination. */
async function lineOf(trx: Trx, job: NextJob): Promise<Line> {
  if ('account' in job) return { queue: job.queue, group: job.account };
  const study = await trx
    .selectFrom('study')
    .select(['account_id', 'copy_of', 'destination_id'])
    .where('id', '=', job.studyId)
    .executeTakeFirst();
  if (study && study.copy_of !== null) return { queue: 'copies', group: study.destination_id };
  return {
    queue: job.queue,
    group: AT_THE_PACS.includes(job.queue) ? (study?.account_id ?? null) : null,
  };
}
