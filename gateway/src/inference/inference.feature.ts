/**
 * Models examine images: at once, in a job, or because a rule says so after a study has its receipt. Jobs run one at
 * a time, so that no upload has to wait for a model.
 */
import type { Feature } from '../feature.ts';
import type { StudyJob } from '../pipeline/plan/stages.ts';
import { applyRules, RULE_QUEUE } from './apply-rules.ts';
import { inferRoutes } from './infer.routes.ts';
import type { InferenceTools } from './inference-tools.ts';
import { jobRoutes, type StreamJob } from './jobs.routes.ts';
import { JOB_QUEUE, runInferenceJob, type InferenceJob } from './run-job.ts';
import { removeOutdated } from './remove-outdated.ts';
import { findStudy } from '../pipeline/stores/study.store.ts';

const CLEANING_SECONDS = 600;

export function inferenceFeature(tools: InferenceTools): Feature & { readonly streamJob: StreamJob } {
  const { router: jobsRouter, streamJob } = jobRoutes(tools);
  return {
    streamJob,
    routes: [inferRoutes(tools), jobsRouter],
    jobs: [
      {
        queue: JOB_QUEUE,
        concurrency: 1,
        run: ({ jobId }: InferenceJob, signal) => runInferenceJob(jobId, tools, signal),
      },
      {
        queue: RULE_QUEUE,
        concurrency: 1,
        run: (study: StudyJob, signal) => followRules(study, tools, signal),
      },
    ],
    clocks: [{ name: 'inference-upkeep', everySeconds: CLEANING_SECONDS, run: () => removeOutdated(tools) }],
  };
}

/** Runs after a study has its receipt: models begin to examine it, and cases are opened for it. */
async function followRules(job: StudyJob, tools: InferenceTools, signal: AbortSignal): Promise<void> {
  await applyRules(job, tools, signal);
  const study = await findStudy(tools.db, job.studyId);
  if (study === undefined || study.copy_of !== null) return;
  await tools.openCases({ siteId: study.site_id, studyInstanceUID: study.study_instance_uid }, signal);
}
