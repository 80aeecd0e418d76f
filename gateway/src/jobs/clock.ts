/** Work that the clock asks for, by one gateway at a time. */
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Jobs } from './jobs.ts';

export type Clock = {
  /** The name of its queue. */
  readonly name: string;
  /** From the end of one run to the beginning of the next. */
  readonly everySeconds: number;
  run(): Promise<void>;
};

/** Runs it now, and then again and again. */
export async function startClock(
  { name, everySeconds, run }: Clock,
  jobs: Jobs,
  db: Kysely<Tables>,
): Promise<void> {
  const schedule = (startAfterSeconds: number): Promise<void> =>
    db.transaction().execute((trx) => jobs.enqueue(trx, name, {}, { key: name, startAfterSeconds }));
  await jobs.work(name, { concurrency: 1 }, async () => {
    await run();
    await schedule(everySeconds);
  });
  await schedule(0);
}
