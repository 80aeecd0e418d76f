/** Sample data in the database: everything that belongs to the accounts that were made for it. */
import { sql } from 'kysely';
import { sampleAccountIds, sampleCaseIds } from '../cases/sample-mark.ts';
import type { Db, Trx } from '../database/database.ts';

/** The ids and usernames of the sample accounts. */
export async function sampleAccounts(db: Db | Trx, siteId: string) {
  return db
    .selectFrom('sample_account')
    .innerJoin('account', 'account.id', 'sample_account.account_id')
    .select(['account.id', 'account.username', 'account.disabled_at'])
    .where('sample_account.site_id', '=', siteId)
    .orderBy('account.username')
    .execute();
}

/** The UIDs of the studies that the sample accounts sent, sorted, from the one after `after`. */
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

export async function sampleCases(db: Db, siteId: string) {
  return db
    .selectFrom('case_record')
    .select(['id', 'version'])
    .where('site_id', '=', siteId)
    .where(sql<boolean>`id in ${sampleCaseIds(siteId)}`)
    .execute();
}

export async function countSample(
  db: Db,
  siteId: string,
): Promise<{ readonly accounts: number; readonly studies: number; readonly cases: number }> {
  const { rows } = await sql<{ accounts: number; studies: number; cases: number }>`
    with a as ${sampleAccountIds(siteId)}
    select (select count(*)::int from a) as accounts,
      (select count(distinct study_instance_uid)::int from study where account_id in (select account_id from a)) as studies,
      (select count(*)::int from case_record where site_id = ${siteId}::uuid and id in ${sampleCaseIds(siteId)}) as cases`.execute(
    db,
  );
  return rows[0]!;
}
