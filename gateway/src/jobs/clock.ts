/**
 * Work that the clock asks for, on one gateway at a time. Each gateway asks once a period: of several, each
 * adds a run.
 */
import type { Db } from '../database/database.ts';
import type { Jobs } from './jobs.ts';

export type Clock = {
  /** The name of its queue. */
  readonly name: string;
  readonly everySeconds: number;
  /** `signal`: the gateway stops. */
  run(signal: AbortSignal): Promise<void>;
};

/** Runs it a moment after the start, which it would hold up, and then again and again. */
export async function startClock({ name, everySeconds, run }: Clock, jobs: Jobs, db: Db): Promise<void> {
  await jobs.work(name, { concurrency: 1 }, (_data, signal) => run(signal));
  jobs.everyFromSoon(everySeconds, () =>
    db.transaction().execute((trx) => jobs.enqueue(trx, name, {}, { key: name })),
  );
}
