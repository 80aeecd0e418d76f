/** Sample data in the database: what hangs on the accounts that were made for it. */
import { sql } from 'kysely';
import type { Db, Trx } from '../database/database.ts';

/** Their ids and names. */
export async function sampleAccounts(db: Db | Trx, siteId: string) {
  return db
    .selectFrom('sample_account')
    .innerJoin('account', 'account.id', 'sample_account.account_id')
    .select(['account.id', 'account.username', 'account.disabled_at'])
    .where('sample_account.site_id', '=', siteId)
    .orderBy('account.username')
    .execute();
}

/** The UIDs of the studies that they sent, in order, from after `after` on. */
export async function sampleStudies(
  db: Db,
  siteId: string,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<string[]> {
  const rows = await db
    .selectFrom('study')
    .innerJoin('sample_account', 'sample_account.account_id', 'study.account_id')
    .select('study_instance_uid as uid')
    .distinct()
    .where('study.site_id', '=', siteId)
    .where('study_instance_uid', '>', after)
    .orderBy('study_instance_uid')
    .limit(limit)
    .execute();
  return rows.map(({ uid }) => uid);
}

/** Opened by them, or by a rule for a study that they alone sent. */
const isOfSample = (siteId: string) => sql<boolean>`(
  case_record.created_by in (select account_id from sample_account where site_id = ${siteId}::uuid)
  or case_record.id in (select r.case_id from case_by_rule r
    join study s on s.site_id = r.site_id and s.study_instance_uid = r.study_instance_uid
    left join sample_account a on a.account_id = s.account_id
    where r.site_id = ${siteId}::uuid and r.case_id is not null and s.account_id is not null
    group by r.case_id having bool_and(a.account_id is not null)))`;

export async function sampleCases(db: Db, siteId: string) {
  return db
    .selectFrom('case_record')
    .select(['id', 'version'])
    .where('site_id', '=', siteId)
    .where(isOfSample(siteId))
    .execute();
}

export async function countSample(
  db: Db,
  siteId: string,
): Promise<{ readonly accounts: number; readonly studies: number; readonly cases: number }> {
  const { rows } = await sql<{ accounts: number; studies: number; cases: number }>`
    with a as (select account_id from sample_account where site_id = ${siteId}::uuid)
    select (select count(*)::int from a) as accounts,
      (select count(distinct study_instance_uid)::int from study where account_id in (select account_id from a)) as studies,
      (select count(*)::int from case_record where site_id = ${siteId}::uuid and ${isOfSample(siteId)}) as cases`.execute(
    db,
  );
  return rows[0]!;
}
