/**
 * Hands back the work of an account that may no longer do it: its readings go to other readers or become free, and its
 * cases are assigned to nobody. A job does this after the account was changed, so even if the gateway is killed in
 * between, no work stays with somebody who cannot do it.
 */
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { lockTurn } from './choose-readers.ts';
import { releasePlaces, type Leaver } from './release-places.ts';
import { lockCase, mayBeAssigned, updateCase } from '../cases/case.store.ts';
import type { CaseTools } from '../cases/case-tools.ts';

export const HAND_BACK_QUEUE = 'hand-back';
type HandBackTools = Pick<CaseTools, 'db' | 'now' | 'newId'>;

/**
 * Call it in the transaction that changes the account. Because of the lock, a concurrent assignment either finishes
 * first or sees the change.
 */
export async function promiseHandBack(
  { jobs }: { readonly jobs: Pick<Jobs, 'enqueue'> },
  trx: Trx,
  leaver: Leaver,
): Promise<void> {
  await jobs.enqueue(trx, HAND_BACK_QUEUE, leaver, { key: leaver.accountId });
  await lockTurn(trx);
}

/** Takes no work from an account that may still do it. */
export async function handBack(tools: HandBackTools, leaver: Leaver): Promise<void> {
  await releasePlaces(tools, leaver);
  await unassignCases(tools, leaver);
}

async function unassignCases({ db, now }: HandBackTools, leaver: Leaver): Promise<void> {
  const { siteId, accountId, by } = leaver;
  const assigned = await db
    .selectFrom('case_record')
    .select('id')
    .where('site_id', '=', siteId)
    .where('assignee_id', '=', accountId)
    .where('status', '<>', 'closed')
    .execute();
  for (const { id } of assigned)
    await db.transaction().execute(async (trx) => {
      const keeper = { id: by, siteId, roles: ['admin' as const] };
      const row = await lockCase(trx, keeper, { id, version: null });
      if (row.assignee_id !== accountId || row.status === 'closed') return;
      if (await mayBeAssigned(trx, row, accountId)) return;
      await updateCase(trx, row, { assignee_id: null }, now());
      const said = { caseId: id, by, changed: ['assigneeId'], assigneeId: null };
      await recordAudit(trx, siteId, { event: 'case-changed', ...said }, now());
    });
}
