/**
 * Reading a case is an event, and reading whose it is another: one of each for an account, a case and a
 * quarter of an hour.
 */
import { recordAudit } from '../audit/audit.ts';
import { periodOf } from '../audit/record-reading.ts';
import type { Db } from '../database/database.ts';
import type { CaseReader } from './case-rights.ts';

type CaseReading = 'case-read' | 'case-patients-read';
type Tools = { readonly db: Db; readonly now: () => Date };

/** Before the answer is sent. */
export async function recordCaseReading(
  { db, now }: Tools,
  reader: CaseReader,
  caseId: string,
  event: CaseReading = 'case-read',
): Promise<void> {
  const at = now();
  await db.transaction().execute(async (trx) => {
    const first = await trx
      .insertInto('case_reading')
      .values({ case_id: caseId, account_id: reader.id, event, period: periodOf(at) })
      .onConflict((conflict) => conflict.doNothing())
      .returning('case_id')
      .executeTakeFirst();
    if (first !== undefined) await recordAudit(trx, reader.siteId, { event, caseId, by: reader.id }, at);
  });
}

/** Those of earlier quarters of an hour are in the audit trail. */
export async function forgetCaseReadings({ db, now }: Tools): Promise<void> {
  await db.deleteFrom('case_reading').where('period', '<', periodOf(now())).execute();
}
