/**
 * Reading a case is recorded as one event, and reading its patient as another, each at most once per account, case and
 * quarter of an hour.
 */
import { recordAudit } from '../audit/audit.ts';
import { periodOf } from '../audit/record-reading.ts';
import type { Db } from '../database/database.ts';
import type { CaseReader } from '../findings/case-rights.ts';

type CaseReading = 'case-read' | 'case-patients-read';
type Tools = { readonly db: Db; readonly now: () => Date };

/** Call it before the answer is sent. */
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

/** Call it before a list of patients is sent. One event names all studies that were not recorded yet. */
export async function recordPatientsRead(
  { db, now }: Tools,
  reader: CaseReader,
  studyInstanceUIDs: readonly string[],
): Promise<void> {
  if (studyInstanceUIDs.length === 0) return;
  const at = now();
  const of = { account_id: reader.id, site_id: reader.siteId, period: periodOf(at) };
  await db.transaction().execute(async (trx) => {
    const first = await trx
      .insertInto('study_reading')
      .values([...new Set(studyInstanceUIDs)].sort().map((uid) => ({ ...of, study_instance_uid: uid })))
      .onConflict((conflict) => conflict.doNothing())
      .returning('study_instance_uid as uid')
      .execute();
    if (first.length === 0) return;
    const studies = first.map(({ uid }) => uid);
    await recordAudit(trx, reader.siteId, { event: 'patients-read', studies, by: reader.id }, at);
  });
}

/** Deletes the notes of readings in earlier quarters of an hour; the audit trail has them. */
export async function forgetCaseReadings({ db, now }: Tools): Promise<void> {
  const period = periodOf(now());
  await db.deleteFrom('case_reading').where('period', '<', period).execute();
  await db.deleteFrom('study_reading').where('period', '<', period).execute();
}
