/**
 * Quotas limit how much an account may have announced that is not yet in the PACS, and for how many patients a day it
 * may ask for pseudonyms. The site has one quota for everybody, and an account may have its own. Promised bytes reserve
 * disk space before they arrive, and each instance is a row in the database: one account must not use up either.
 */
import { sql } from 'kysely';
import type { Quota, QuotaUse } from '#shared/protocol/quota.ts';
import type { Db } from '../database/database.ts';
import { RESULTS_POLICY } from './policies.ts';

/** The quota of the account, and how much of it is used. Undefined: there is no such account. */
export async function quotaUse(db: Db, accountId: string, now: Date): Promise<QuotaUse | undefined> {
  const [only] = await listQuotas(db, sql<boolean>`a.id = ${accountId}::uuid`, now);
  return only;
}

type AccountQuota = QuotaUse & {
  readonly id: string;
  readonly username: string;
  /** The account's own quota; null: the site's applies. */
  readonly own: Quota | null;
};

export async function quotasOfSite(db: Db, siteId: string, now: Date): Promise<readonly AccountQuota[]> {
  return listQuotas(db, sql<boolean>`a.site_id = ${siteId}::uuid`, now);
}

type Row = {
  id: string;
  username: string;
  own_uploads: number | null;
  own_instances: number | null;
  own_bytes: number | string | null;
  own_patients: number | null;
  site_uploads: number;
  site_instances: number;
  site_bytes: number | string;
  site_patients: number;
  uploads: number;
  instances: number;
  bytes: number | string;
  patients: number;
};

/**
 * Each study row belongs to one upload, so the query reaches an account's instances through its open studies, and reads
 * neither its finished uploads nor other accounts' promises. In an open study every row counts, settled or not, because
 * promises that are left out again and again take up space as well. Sealed identities that came with the study count
 * too.
 */
async function listQuotas(
  db: Db,
  where: ReturnType<typeof sql<boolean>>,
  now: Date,
): Promise<readonly AccountQuota[]> {
  const { rows } = await sql<Row>`
    select a.id, a.username, a.quota_uploads as own_uploads, a.quota_instances as own_instances, a.quota_bytes as own_bytes,
      a.quota_patients as own_patients, s.quota_patients as site_patients,
      case when a.patients_day = ${dayOf(now)}::date then a.patients_asked else 0 end as patients,
      s.quota_uploads as site_uploads, s.quota_instances as site_instances, s.quota_bytes as site_bytes,
      coalesce(used.uploads, 0)::int as uploads, coalesce(used.instances, 0)::int as instances, coalesce(used.bytes, 0)::bigint + coalesce(sealed.bytes, 0)::bigint as bytes
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
    left join lateral (
      select sum(octet_length(e.sealed)) as bytes
      from study t join upload u on u.study_id = t.id join vault_entry e on e.upload_id = u.id
      where t.account_id = a.id and t.state <> 'closed'
    ) sealed on true
    where ${where} order by lower(a.username)`.execute(db);
  return rows.map((row) => {
    const own = ownQuota(row);
    return {
      id: row.id,
      username: row.username,
      own,
      quota: own ?? {
        uploads: row.site_uploads,
        instances: row.site_instances,
        bytes: Number(row.site_bytes),
        patients: row.site_patients,
      },
      used: {
        uploads: row.uploads,
        instances: row.instances,
        bytes: Number(row.bytes),
        patients: row.patients,
      },
    };
  });
}

function ownQuota(row: Row): Quota | null {
  const { own_uploads: uploads, own_instances: instances, own_bytes: bytes, own_patients: patients } = row;
  if (uploads === null || instances === null || bytes === null || patients === null) return null;
  return { uploads, instances, bytes: Number(bytes), patients };
}

/** The UTC day, `YYYY-MM-DD`. */
function dayOf(now: Date): string {
  return now.toISOString().slice(0, 10);
}

/**
 * Counts the patients for whom the account asks for pseudonyms today. False: the quota does not allow so many, and none
 * is counted. If a clock was set back to an earlier day, the count continues.
 */
export async function countPatients(
  db: Db,
  accountId: string,
  patients: number,
  now: Date,
): Promise<boolean> {
  const { day, sum, isWithin } = askedWith(patients, now);
  const { rows } = await sql`
    update account a set patients_asked = ${sum}, patients_day = greatest(a.patients_day, ${day})
    from site s where s.id = a.site_id and a.id = ${accountId}::uuid and ${isWithin}
    returning a.id`.execute(db);
  return rows.length > 0;
}

/** Whether `countPatients` would allow these patients now, without counting them. */
export async function mayAskFor(db: Db, accountId: string, patients: number, now: Date): Promise<boolean> {
  const { isWithin } = askedWith(patients, now);
  const { rows } = await sql`
    select a.id from account a join site s on s.id = a.site_id
    where a.id = ${accountId}::uuid and ${isWithin}`.execute(db);
  return rows.length > 0;
}

/** For account `a` of site `s`: the count of today's patients including these, and whether the quota allows it. */
function askedWith(patients: number, now: Date) {
  const day = sql`${dayOf(now)}::date`;
  const sum = sql`case when a.patients_day >= ${day} then a.patients_asked else 0 end + ${patients}::int`;
  const most = sql`case when a.quota_patients is null then s.quota_patients else a.quota_patients end`;
  return { day, sum, isWithin: sql`${sum} <= ${most}` };
}

export async function siteQuota(db: Db, siteId: string): Promise<Quota> {
  const row = await db
    .selectFrom('site')
    .select(['quota_uploads', 'quota_instances', 'quota_bytes', 'quota_patients'])
    .where('id', '=', siteId)
    .executeTakeFirstOrThrow();
  return {
    uploads: row.quota_uploads,
    instances: row.quota_instances,
    bytes: Number(row.quota_bytes),
    patients: row.quota_patients,
  };
}

export async function setSiteQuota(
  db: Db,
  siteId: string,
  { uploads, instances, bytes, patients }: Quota,
): Promise<void> {
  await db
    .updateTable('site')
    .set({
      quota_uploads: uploads,
      quota_instances: instances,
      quota_bytes: bytes,
      quota_patients: patients,
    })
    .where('id', '=', siteId)
    .execute();
}

/** `quota` null: the site's applies. False: the site has no such account. */
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
      quota_patients: quota?.patients ?? null,
    })
    .where('id', '=', accountId)
    .where('site_id', '=', siteId)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
