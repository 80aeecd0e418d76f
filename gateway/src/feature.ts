/**
 * The parts that a feature gives the composition root. Each is one function of the tools it uses, `…Feature(tools)`, in
 * its own folder; gateway.ts lists them.
 */
import type { Db } from './database/database.ts';
import type { Router } from './http/route.ts';
import { startClock, type Clock } from './jobs/clock.ts';
import type { JobHandler, Jobs } from './jobs/jobs.ts';

/** A queue, and who works on it: `concurrency` jobs at once. */
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

/** Queues are declared before anything is asked of the gateway, as in `declarePipeline`. */
export async function declareQueues(features: readonly Feature[], jobs: Jobs): Promise<void> {
  for (const { jobs: work = [] } of features) for (const { queue } of work) await jobs.declare(queue);
}

/** Begins to work; ends with `jobs.stop()`. */
export async function startFeatures(features: readonly Feature[], jobs: Jobs, db: Db): Promise<void> {
  for (const { jobs: work = [], clocks = [] } of features) {
    for (const { queue, concurrency, run } of work) {
      // The queue's own feature enqueues to it, so its jobs have the form that its handler reads.
      await jobs.work(queue, { concurrency }, run as JobHandler<object>);
    }
    for (const clock of clocks) await startClock(clock, jobs, db);
  }
}

export async function stopFeatures(features: readonly Feature[]): Promise<void> {
  for (const { stop } of features) await stop?.();
}
