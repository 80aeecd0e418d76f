/**
 * A sample study leaves the database: its rows, its results and its receipts. The audit trail stays: it is a chain. For
 * sample data only; a real study is never forgotten.
 */
import { sql } from 'kysely';
import type { Trx } from '../database/database.ts';
import type { StudyRow } from '../pipeline/study.store.ts';

/** `rows`: locked, and all that the study has. */
export async function forgetStudy(
  trx: Trx,
  siteId: string,
  { studyInstanceUID, rows }: { readonly studyInstanceUID: string; readonly rows: readonly StudyRow[] },
): Promise<void> {
  await forgetRoad(
    trx,
    rows.map(({ id }) => id),
  );
  await forgetResults(trx, siteId, studyInstanceUID);
  for (const table of [
    'case_study',
    'case_by_rule',
    'case_arrival',
    'order_choice',
    'reading',
    'study_cohort',
  ] as const)
    await sql`delete from ${sql.table(table)} where site_id = ${siteId}::uuid
      and study_instance_uid = ${studyInstanceUID}`.execute(trx);
}

/** Tables without `on delete cascade`, each after those that point to it. */
async function forgetRoad(trx: Trx, ids: readonly string[]): Promise<void> {
  const studies = [...ids];
  await sql`delete from upload_instance where upload_id in (select id from upload where study_id = any(${studies}::uuid[]))`.execute(
    trx,
  );
  for (const table of ['receipt', 'instance', 'parcel', 'upload'] as const)
    await trx.deleteFrom(table).where('study_id', 'in', studies).execute();
  await trx.deleteFrom('study').where('id', 'in', studies).where('copy_of', 'is not', null).execute();
  await trx.deleteFrom('study').where('id', 'in', studies).execute();
}

async function forgetResults(trx: Trx, siteId: string, studyInstanceUID: string): Promise<void> {
  const jobs = trx
    .selectFrom('inference_job')
    .select('id')
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', studyInstanceUID);
  await trx.deleteFrom('result_request').where('job_id', 'in', jobs).execute();
  for (const table of ['inference_result', 'inference_job'] as const)
    await trx
      .deleteFrom(table)
      .where('site_id', '=', siteId)
      .where('study_instance_uid', '=', studyInstanceUID)
      .execute();
}
