/**
 * Removes inputs that no job needs any more, and jobs that ended long ago. Results are medical records and are kept.
 */
import { DAY_MS } from '#shared/day.ts';
import type { InferenceTools } from './inference-tools.ts';
import { deleteEndedJobs, inputKeys } from './job.store.ts';

/**
 * A job records how an answer came about, which nobody needs after three months. The finding, who asked for it and
 * when are kept with the result and in the audit trail.
 */
export const JOBS_KEPT_DAYS = 90;
/** Jobs deleted in one transaction; a small number keeps other transactions from waiting long. */
const JOBS_AT_ONCE = 1_000;

export async function removeOutdated({
  db,
  inputs,
  now,
}: Pick<InferenceTools, 'db' | 'inputs' | 'now'>): Promise<void> {
  await inputs.sweep(await inputKeys(db));
  const before = new Date(now().getTime() - JOBS_KEPT_DAYS * DAY_MS);
  while (
    (await db.transaction().execute((trx) => deleteEndedJobs(trx, before, JOBS_AT_ONCE))) === JOBS_AT_ONCE
  );
}
