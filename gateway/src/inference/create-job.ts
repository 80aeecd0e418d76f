/** Creates a job in the transaction that asks for it. */
import type { Trx } from '../database/database.ts';
import type { JobKind, JobParameters } from '../database/inference-tables.ts';
import type { InferenceTools } from './inference-tools.ts';
import { insertJob } from './job.store.ts';
import { JOB_QUEUE } from './run-job.ts';

/**
 * A model takes milliseconds, integrated gradients take seconds, and a study of 64 images takes minutes. A job that
 * takes longer than this hangs.
 */
const TIMEOUT_SECONDS = 600;

export type JobOrder = {
  readonly id?: string;
  readonly siteId: string;
  readonly accountId: string | null;
  readonly ruleName?: string;
  readonly kind: JobKind;
  readonly studyInstanceUID?: string | undefined;
  readonly sopInstanceUID?: string | undefined;
  readonly frame?: number | undefined;
  readonly model: string;
  readonly version?: string | undefined;
  readonly parameters?: JobParameters | undefined;
  readonly cache?: boolean | undefined;
  readonly priority?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly input?: { readonly wrappedKey: Uint8Array; readonly bytes: number };
};

/** Returns the job's id. The job begins once the transaction is committed. */
export async function createJob(
  trx: Trx,
  tools: Pick<InferenceTools, 'jobs' | 'newId' | 'now'>,
  order: JobOrder,
): Promise<string> {
  const {
    id = tools.newId(),
    priority = 0,
    frame = 0,
    parameters = {},
    cache: useCache = true,
    timeoutSeconds = TIMEOUT_SECONDS,
  } = order;
  await insertJob(trx, {
    id,
    priority,
    frame,
    parameters,
    useCache,
    timeoutSeconds,
    siteId: order.siteId,
    accountId: order.accountId,
    ruleName: order.ruleName ?? null,
    kind: order.kind,
    studyInstanceUID: order.studyInstanceUID ?? null,
    sopInstanceUID: order.sopInstanceUID ?? null,
    model: order.model,
    version: order.version ?? null,
    input: order.input ?? null,
    now: tools.now(),
  });
  await tools.jobs.enqueue(trx, JOB_QUEUE, { jobId: id }, { key: id, priority });
  return id;
}
