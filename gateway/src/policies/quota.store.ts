/**
 * Quotas: how much an account may have announced that is not in the PACS. The site has one for everybody; an
 * account may have its own. Bytes that are promised take room on the disk before they come, and each instance
 * is a row in the database: one account must not promise all of either.
 */
import { sql, type Kysely } from 'kysely';
import type { Quota, QuotaUse } from '#shared/protocol/quota.ts';
import type { Tables } from '../database/tables.ts';
import { RESULTS_POLICY } from './policies.ts';

type Db = Kysely<Tables>;

/** The quota of the account, and its use. Undefined: there is no such account. */
export async function quotaUse(db: Db, accountId: string): Promise<QuotaUse | undefined> {
  const [only] = await listQuotas(db, sql<boolean>`a.id = ${accountId}::uuid`);
  return only;
}

export type AccountQuota = QuotaUse & {
  readonly id: string;
  readonly username: string;
  /** Null: the site's. */
  readonly own: Quota | null;
};

export async function quotasOfSite(db: Db, siteId: string): Promise<readonly AccountQuota[]> {
  return listQuotas(db, sql<boolean>`a.site_id = ${siteId}::uuid`);
}

type Row = {
  id: string;
  username: string;
  own_uploads: number | null;
  own_instances: number | null;
  own_bytes: number | string | null;
  site_uploads: number;
  site_instances: number;
  site_bytes: number | string;
  uploads: number;
  instances: number;
  bytes: number | string;
};

/**
 * Each study is of one upload, so an account's open studies lead to its instances, one by one: neither what it has
 * brought in years is read, nor what others promise. In a study under way every row counts, settled or not:
 * promises that are left out, again and again, take room as well.
 */
async function listQuotas(db: Db, where: ReturnType<typeof sql<boolean>>): Promise<readonly AccountQuota[]> {
  const { rows } = await sql<Row>`
    select a.id, a.username, a.quota_uploads as own_uploads, a.quota_instances as own_instances, a.quota_bytes as own_bytes,
      s.quota_uploads as site_uploads, s.quota_instances as site_instances, s.quota_bytes as site_bytes,
      coalesce(used.uploads, 0)::int as uploads, coalesce(used.instances, 0)::int as instances, coalesce(used.bytes, 0)::bigint as bytes
    from account a join site s on s.id = a.site_id
    left join lateral (
      select count(distinct t.id) filter (where c.is_open) as uploads, count(*) as instances,
        sum(c.bytes) filter (where c.is_open) as bytes
      from study t cross join lateral (
        select i.bytes, true as is_open from instance i
        where i.study_id = t.id and i.state in ('promised', 'received', 'posting', 'quarantined')
          and i.policy_name <> ${RESULTS_POLICY.name}
        union all
        select i.bytes, false from instance i
        where t.state in ('receiving', 'assembled', 'forwarded') and i.study_id = t.id
          and i.state not in ('promised', 'received', 'posting', 'quarantined')
          and i.policy_name <> ${RESULTS_POLICY.name}
        offset 0
      ) c
      where t.account_id = a.id and t.state <> 'closed'
    ) used on true
    where ${where} order by lower(a.username)`.execute(db);
  return rows.map((row) => {
    const own =
      row.own_uploads === null || row.own_instances === null || row.own_bytes === null
        ? null
        : { uploads: row.own_uploads, instances: row.own_instances, bytes: Number(row.own_bytes) };
    return {
      id: row.id,
      username: row.username,
      own,
      quota: own ?? {
        uploads: row.site_uploads,
        instances: row.site_instances,
        bytes: Number(row.site_bytes),
      },
      used: { uploads: row.uploads, instances: row.instances, bytes: Number(row.bytes) },
    };
  });
}

export async function siteQuota(db: Db, siteId: string): Promise<Quota> {
  const row = await db
    .selectFrom('site')
    .select(['quota_uploads', 'quota_instances', 'quota_bytes'])
    .where('id', '=', siteId)
    .executeTakeFirstOrThrow();
  return {
    uploads: row.quota_uploads,
    instances: row.quota_instances,
    bytes: Number(row.quota_bytes),
  };
}

export async function setSiteQuota(
  db: Db,
  siteId: string,
  { uploads, instances, bytes }: Quota,
): Promise<void> {
  await db
    .updateTable('site')
    .set({ quota_uploads: uploads, quota_instances: instances, quota_bytes: bytes })
    .where('id', '=', siteId)
    .execute();
}

/** Null: the site's. False: there is no such account at the site. */
export async function setAccountQuota(
  db: Db,
  siteId: string,
  accountId: string,
  quota: Quota | null,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('account')
    .set({
      quota_uploads: quota?.uploads ?? null,
      quota_instances: quota?.instances ?? null,
      quota_bytes: quota?.bytes ?? null,
    })
    .where('id', '=', accountId)
    .where('site_id', '=', siteId)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
