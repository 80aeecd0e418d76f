/**
 * The parts that a feature hands to the composition root. Each feature is one function of the tools that it uses,
 * `…Feature(tools)`, in a folder of its own; gateway.ts lists them.
 */
import type { Db } from './database/database.ts';
import type { Router } from './http/route.ts';
import { startClock, type Clock } from './jobs/clock.ts';
import type { JobHandler, Jobs } from './jobs/jobs.ts';

/** A queue and its handler. `concurrency`: how many jobs run at once. */
type Work = {
  readonly queue: string;
  readonly concurrency: number;
  readonly run: JobHandler<never>;
};

export type Feature = {
  /** Mounted at the root, in both APIs. */
  readonly routes?: readonly Router[];
  readonly jobs?: readonly Work[];
  readonly clocks?: readonly Clock[];
  /** Called when no job runs any longer. */
  readonly stop?: () => Promise<void>;
};

/** Declares the queues before the gateway is asked for anything, as in `declarePipeline`. */
export async function declareQueues(features: readonly Feature[], jobs: Jobs): Promise<void> {
  for (const { jobs: work = [] } of features) for (const { queue } of work) await jobs.declare(queue);
}

/** Starts working on jobs. `jobs.stop()` ends it. */
export async function startFeatures(features: readonly Feature[], jobs: Jobs, db: Db): Promise<void> {
  for (const { jobs: work = [], clocks = [] } of features) {
    for (const { queue, concurrency, run } of work) {
      // Only the feature itself enqueues to its queue, so the jobs have the form that its handler expects.
      await jobs.work(queue, { concurrency }, run as JobHandler<object>);
    }
    for (const clock of clocks) await startClock(clock, jobs, db);
  }
}

export async function stopFeatures(features: readonly Feature[]): Promise<void> {
  for (const { stop } of features) await stop?.();
}
