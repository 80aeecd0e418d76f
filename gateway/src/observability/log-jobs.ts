/** The queue's events as lines of the log; whatever a job logs carries the job's id. */
import type { JobEvents } from '../jobs/jobs.ts';
import { describeError, withCorrelation, type Log } from './log.ts';

export function logJobs(log: Log): JobEvents {
  return {
    failed: (queue, job, attempt, error) =>
      log({ event: 'job-failed', queue, job, attempt, ...describeError(error) }),
    around: withCorrelation,
    trouble: (error) => log({ event: 'unexpected-error', where: 'jobs', ...describeError(error) }),
  };
}
