/**
 * The stages by name, in the order of the road, and the queues of jobs between them. A queue has the name of
 * its stage; `intake` has none, because it runs inside the request.
 */
import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Jobs } from '../jobs/jobs.ts';

export const STAGES = [
  'intake',
  'verify',
  'assembly',
  'forward',
  'reconcile',
  'receipt',
  'eviction',
] as const;
export type Stage = (typeof STAGES)[number];

/** `expiry` runs by the clock; `inference` lets models look at a delivered study (gateway/src/inference). */
export type PipelineQueue = Exclude<Stage, 'intake'> | 'expiry' | 'inference';
export type StudyJob = { readonly studyId: string };
export type ParcelJob = { readonly parcelId: string };

/**
 * A job to enqueue; `afterSeconds`: not before; `account`: whose turn it takes. On its way to the PACS a study takes
 * a turn of the account that sends it.
 */
export type NextJob = { readonly afterSeconds?: number } & (
  | ({ readonly queue: 'verify'; readonly account: string } & ParcelJob)
  | ({ readonly queue: Exclude<PipelineQueue, 'verify' | 'expiry'> } & StudyJob)
);

/** The stages in which a study waits for the PACS as long as that takes. */
const AT_THE_PACS: readonly PipelineQueue[] = ['forward', 'reconcile'];

/** Enqueues the next stage in the transaction. Jobs of one study never run side by side in one stage. */
export async function enqueueStage(
  trx: Transaction<Tables>,
  { jobs }: { readonly jobs: Pick<Jobs, 'enqueue'> },
  job: NextJob,
): Promise<void> {
  const subject = 'studyId' in job ? { studyId: job.studyId } : { parcelId: job.parcelId };
  const key = 'studyId' in job ? job.studyId : job.parcelId;
  const group = await accountOf(trx, job);
  await jobs.enqueue(trx, job.queue, subject, {
    key,
    ...(group === null ? {} : { group }),
    startAfterSeconds: job.afterSeconds ?? 0,
  });
}

/** Null: jobs of this stage take no turns by account. */
async function accountOf(trx: Transaction<Tables>, job: NextJob): Promise<string | null> {
  if ('account' in job) return job.account;
  if (!AT_THE_PACS.includes(job.queue)) return null;
  const study = trx.selectFrom('study').select('account_id').where('id', '=', job.studyId);
  return (await study.executeTakeFirst())?.account_id ?? null;
}
