/** Writes the queue's events to the log. Every line that a job logs carries the job's id. */
import { isDiskFull } from '../database/database.ts';
import type { JobEvents } from '../jobs/jobs.ts';
import { describeError, withCorrelation, type Log } from './log.ts';

export function logJobs(log: Log): JobEvents {
  return {
    failed: (queue, job, attempt, error) =>
      log({ event: 'job-failed', queue, job, attempt, ...describeError(error) }),
    around: withCorrelation,
    trouble: (error) =>
      isDiskFull(error)
        ? log({ event: 'disk-full', where: 'jobs' })
        : log({ event: 'unexpected-error', where: 'jobs', ...describeError(error) }),
  };
}
