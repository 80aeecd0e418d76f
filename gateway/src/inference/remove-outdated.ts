/**
 * What the clock asks of inference: inputs that nobody needs any more go, and so do jobs that ended long ago.
 * Results are medical records: they stay.
 */
import type { InferenceTools } from './inference-tools.ts';
import { deleteEndedJobs, inputKeys } from './job.store.ts';

/**
 * A job says how an answer came about; after a quarter nobody asks. What it found, who asked for it and when
 * stand with its result and in the audit trail.
 */
export const JOBS_KEPT_DAYS = 90;
const DAY_MS = 86_400_000;
/** In one transaction: others wait for no more. */
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
