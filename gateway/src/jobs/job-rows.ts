/**
 * Our queries to pg-boss's own rows. Its dates are the database's: they are written and compared with `jobs.job_now()`.
 *
 * [Note: clocks that are set] A clock may be years ahead for an hour (a hardware clock in local time, a machine without
 * a battery). Once it is corrected, dates that were written then lie in the future: a job would not start, a dead
 * gateway's heartbeat would look alive, and pg-boss would not maintain its queues, all of it for years. So no date may
 * lie further ahead than one that we write ourselves.
 */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';

/** The longest that a job is deferred. A date further ahead was written by a wrong clock. */
export const START_LIMIT_SECONDS = 60;

/** When pg-boss last did something, by table. A date in the future would keep it from doing that again. */
const LAST_DONE: Readonly<Record<string, readonly string[]>> = {
  queue: ['monitor_claim_on', 'monitor_on', 'maintain_on'],
  version: ['cron_on', 'bam_on', 'flow_on', 'reindex_on'],
};

/** Corrects dates that lie in the future: [Note: clocks that are set]. Changes nothing if there are none. */
export async function mendDates(db: Db): Promise<void> {
  await sql`
    update jobs.job set start_after = jobs.job_now()
    where state < 'active' and start_after > jobs.job_now() + ${START_LIMIT_SECONDS} * interval '1 second'`.execute(
    db,
  );
  // A living worker writes its heartbeat every few seconds, so a dead one is noticed from now on.
  await sql`
    update jobs.job set started_on = least(started_on, jobs.job_now()), heartbeat_on = least(heartbeat_on, jobs.job_now())
    where state = 'active' and (started_on > jobs.job_now() or heartbeat_on > jobs.job_now())`.execute(db);
  for (const [table, columns] of Object.entries(LAST_DONE))
    for (const column of columns)
      await sql`
        update ${sql.ref(`jobs.${table}`)} set ${sql.ref(column)} = jobs.job_now()
        where ${sql.ref(column)} > jobs.job_now()`.execute(db);
}

/** The keys for which the queue has no job that waits or runs. */
export async function withoutJob(db: Db, queue: string, keys: readonly string[]): Promise<readonly string[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<{ key: string }>`
    select key from unnest(${[...keys]}::text[]) as key where not exists (
      select 1 from jobs.job where name = ${queue} and singleton_key = key and state < 'completed')`.execute(
    db,
  );
  return rows.map(({ key }) => key);
}
