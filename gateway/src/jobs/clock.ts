/**
 * Scheduled work, on one gateway at a time. Each gateway asks for a run once a period, so several gateways run it more
 * often.
 */
import type { Db } from '../database/database.ts';
import type { Jobs } from './jobs.ts';

export type Clock = {
  /** The name of the queue. */
  readonly name: string;
  readonly everySeconds: number;
  /** `signal`: aborted when the gateway stops. */
  run(signal: AbortSignal): Promise<void>;
};

/** Runs the work first a moment after the start, so as not to delay it, and then once a period. */
export async function startClock({ name, everySeconds, run }: Clock, jobs: Jobs, db: Db): Promise<void> {
  await jobs.work(name, { concurrency: 1 }, (_data, signal) => run(signal));
  jobs.everyFromSoon(everySeconds, () =>
    db.transaction().execute((trx) => jobs.enqueue(trx, name, {}, { key: name })),
  );
}
