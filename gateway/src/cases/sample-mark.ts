/** Recognises sample data in queries by the sample accounts that created it. Real work and sample work never mix. */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';

export const sampleAccountIds = (siteId: string): RawBuilder<unknown> =>
  sql`(select account_id from sample_account where site_id = ${siteId}::uuid)`;

/** Cases that sample accounts opened, and those that a rule opened for a study sent only by sample accounts. */
export const sampleCaseIds = (siteId: string): RawBuilder<unknown> => sql`(
  select c.id from case_record c where c.site_id = ${siteId}::uuid and c.created_by in ${sampleAccountIds(siteId)}
  union all select r.case_id from case_by_rule r
    join study s on s.site_id = r.site_id and s.study_instance_uid = r.study_instance_uid
    left join sample_account a on a.account_id = s.account_id
    where r.site_id = ${siteId}::uuid and r.case_id is not null and s.account_id is not null
      and exists ${sampleAccountIds(siteId)}
    group by r.case_id having bool_and(a.account_id is not null))`;

export async function isSampleCase(db: Db, siteId: string, caseId: string): Promise<boolean> {
  const { rows } = await sql`select 1 where ${caseId}::uuid in ${sampleCaseIds(siteId)}`.execute(db);
  return rows.length > 0;
}

export async function isSampleAccount(db: Db, id: string): Promise<boolean> {
  const row = db.selectFrom('sample_account').select('account_id').where('account_id', '=', id);
  return (await row.executeTakeFirst()) !== undefined;
}
