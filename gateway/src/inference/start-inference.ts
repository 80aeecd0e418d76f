/**
 * Inference at work: rules after a receipt, jobs one at a time (an upload must not wait for a model),
 * verified reports, and the clock's upkeep.
 */
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { StudyJob } from '../pipeline/stages.ts';
import { VERIFIED_QUEUE, type VerifiedReport } from '../results/deliver-result.ts';
import { sendVerifiedReport, type ReportTools } from '../results/verify-result.ts';
import { applyRules, RULE_QUEUE } from './apply-rules.ts';
import type { InferenceTools } from './inference-tools.ts';
import { JOB_QUEUE, runInferenceJob, type InferenceJob } from './run-job.ts';
import { keepUp } from './upkeep.ts';

const UPKEEP_QUEUE = 'inference-upkeep';
const UPKEEP_SECONDS = 600;

export type InferenceParts = {
  readonly tools: InferenceTools;
  readonly reports: ReportTools;
  readonly pseudonyms: Pseudonyms;
};

/** Begins to work; ends with `jobs.stop()`. */
export async function startInference(
  { tools, reports, pseudonyms }: InferenceParts,
  jobs: Jobs,
): Promise<void> {
  for (const queue of [RULE_QUEUE, JOB_QUEUE, VERIFIED_QUEUE, UPKEEP_QUEUE]) await jobs.declare(queue);
  await jobs.work<InferenceJob>(JOB_QUEUE, { concurrency: 1 }, ({ jobId }, signal) =>
    runInferenceJob(jobId, tools, signal),
  );
  await jobs.work<StudyJob>(RULE_QUEUE, { concurrency: 1 }, (study, signal) =>
    applyRules(study, tools, pseudonyms, signal),
  );
  await jobs.work<VerifiedReport>(VERIFIED_QUEUE, { concurrency: 1 }, (report, signal) =>
    sendVerifiedReport(report, reports, signal),
  );
  const schedule = (seconds: number): Promise<void> =>
    tools.db
      .transaction()
      .execute((trx) =>
        jobs.enqueue(trx, UPKEEP_QUEUE, {}, { key: UPKEEP_QUEUE, startAfterSeconds: seconds }),
      );
  await jobs.work(UPKEEP_QUEUE, { concurrency: 1 }, async () => {
    await keepUp(tools);
    await schedule(UPKEEP_SECONDS);
  });
  await schedule(0);
}
