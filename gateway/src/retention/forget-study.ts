/** Deletes all rows of a study: its road, its results, and what was noted of it. The audit trail stays. */
import { sql } from 'kysely';
import type { Trx } from '../database/database.ts';

/** `studies`: the ids of all rows of the study, locked. */
type Forgotten = {
  readonly siteId: string;
  readonly studyInstanceUID: string;
  readonly studies: readonly string[];
};

/** Deletes from tables without `on delete cascade`, each after those that refer to it. */
export async function forgetRoad(trx: Trx, { siteId, studyInstanceUID, studies }: Forgotten): Promise<void> {
  await sql`delete from upload_instance where upload_id in (select id from upload where study_id = any(${studies}::uuid[]))`.execute(
    trx,
  );
  for (const table of ['receipt', 'instance', 'parcel', 'upload'] as const)
    await trx
      .deleteFrom(table)
      .where('study_id', 'in', [...studies])
      .execute();
  await trx
    .deleteFrom('study')
    .where('id', 'in', [...studies])
    .where('copy_of', 'is not', null)
    .execute();
  await trx
    .deleteFrom('study')
    .where('id', 'in', [...studies])
    .execute();
  for (const table of ['case_arrival', 'order_choice', 'study_cohort', 'reading_waiver'] as const)
    await sql`delete from ${sql.table(table)} where site_id = ${siteId}::uuid
      and study_instance_uid = ${studyInstanceUID}`.execute(trx);
}

/** What models found, what cases have of it, and who is reading it now. Sample data is removed like this. */
export async function forgetStudy(trx: Trx, forgotten: Forgotten): Promise<void> {
  const { siteId, studyInstanceUID } = forgotten;
  await forgetRoad(trx, forgotten);
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
  for (const table of ['case_study', 'case_by_rule', 'reading'] as const)
    await sql`delete from ${sql.table(table)} where site_id = ${siteId}::uuid
      and study_instance_uid = ${studyInstanceUID}`.execute(trx);
}
