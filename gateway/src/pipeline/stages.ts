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

/** A job to enqueue; `afterSeconds`: not before; `account`: whose turn it takes. */
export type NextJob = { readonly afterSeconds?: number } & (
  | ({ readonly queue: 'verify'; readonly account: string } & ParcelJob)
  | ({ readonly queue: Exclude<PipelineQueue, 'verify' | 'expiry'> } & StudyJob)
);

/** Enqueues the next stage in the transaction. Jobs of one study never run side by side in one stage. */
export async function enqueueStage(
  trx: Transaction<Tables>,
  { jobs }: { readonly jobs: Pick<Jobs, 'enqueue'> },
  job: NextJob,
): Promise<void> {
  const subject = 'studyId' in job ? { studyId: job.studyId } : { parcelId: job.parcelId };
  const key = 'studyId' in job ? job.studyId : job.parcelId;
  const group = 'account' in job ? { group: job.account } : {};
  await jobs.enqueue(trx, job.queue, subject, { key, ...group, startAfterSeconds: job.afterSeconds ?? 0 });
}
