/** Turns orders for models into jobs: all orders of one request, or none. */
import type { Role } from '#shared/protocol/api.ts';
import type { Job } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import { reachesStudy } from '../findings/result-reach.ts';
import { createJob, type JobOrder } from './create-job.ts';
import type { InferenceTools } from './inference-tools.ts';
import { findJob, requireRoom, toShownJobs, type JobRow } from './job.store.ts';
import { withModels } from './with-models.ts';

/** The roles whose jobs may go before others. */
const URGENT: readonly Role[] = ['radiologist', 'admin'];

/**
 * All orders of one request ask the same models. Returns the jobs as they were queued, though one may have begun.
 * @throws Problem study-not-found, also if the study exists but the caller may not see it; not-allowed; rate-limited;
 * and the problems of `withModels`.
 */
export async function placeOrders(
  caller: Caller,
  orders: readonly JobOrder[],
  tools: InferenceTools,
): Promise<Job[]> {
  const isUrgent = orders.some(({ priority = 0 }) => priority > 0);
  if (isUrgent && !caller.roles.some((role) => URGENT.includes(role))) throw new Problem('not-allowed');
  for (const { studyInstanceUID } of orders) {
    if (studyInstanceUID !== undefined && !(await reachesStudy(tools.db, caller, studyInstanceUID)))
      throw new Problem('study-not-found');
  }
  const { model, version = null } = orders[0]!;
  await withModels({ siteId: caller.siteId, model, version }, tools, async () => undefined);
  return tools.db.transaction().execute(async (trx) => {
    await requireRoom(trx, caller.id, orders.length);
    const ids: string[] = [];
    for (const order of orders) ids.push(await createJob(trx, tools, order));
    await auditOrders(trx, caller, { ids, orders, now: tools.now() });
    const made: JobRow[] = [];
    for (const id of ids) made.push((await findJob(trx, id))!);
    return toShownJobs(trx, made);
  });
}

async function auditOrders(
  trx: Trx,
  caller: Caller,
  { ids, orders, now }: { ids: readonly string[]; orders: readonly JobOrder[]; now: Date },
): Promise<void> {
  const event = {
    event: 'inference-asked',
    jobId: ids[0]!,
    jobs: ids.length,
    model: orders[0]!.model,
    studies: orders.flatMap(({ studyInstanceUID }) => studyInstanceUID ?? []),
    accountId: caller.id,
  } as const;
  await recordAudit(trx, caller.siteId, event, now);
}
