/**
 * Models look at images: at once, by a job, or because a rule says so once a study has its receipt. Jobs run one at a
 * time, so that an upload does not wait for a model.
 */
import type { Feature } from '../feature.ts';
import type { StudyJob } from '../pipeline/stages.ts';
import { applyRules, RULE_QUEUE } from './apply-rules.ts';
import { inferRoutes } from './infer.routes.ts';
import type { InferenceTools } from './inference-tools.ts';
import { jobRoutes, type StreamJob } from './jobs.routes.ts';
import { JOB_QUEUE, runInferenceJob, type InferenceJob } from './run-job.ts';
import { removeOutdated } from './remove-outdated.ts';
import { findStudy } from '../pipeline/study.store.ts';

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

/** After the receipt of a study: models begin to look at it, and cases are opened about it. */
async function followRules(job: StudyJob, tools: InferenceTools, signal: AbortSignal): Promise<void> {
  await applyRules(job, tools, signal);
  const study = await findStudy(tools.db, job.studyId);
  if (study === undefined || study.copy_of !== null) return;
  await tools.openCases({ siteId: study.site_id, studyInstanceUID: study.study_instance_uid }, signal);
}
