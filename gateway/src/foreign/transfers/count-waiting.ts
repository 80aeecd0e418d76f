/**
 * Counts instances from scripts and modalities that wait for a person's decision, for the header of every page. The
 * list of studies, not-taken.store.ts and transfer.store.ts list them.
 */
import { sql } from 'kysely';
import type { Waiting } from '#shared/protocol/not-taken.ts';
import type { Db } from '../../database/database.ts';
import { isUndecided } from '../../pipeline/stores/instance.store.ts';
import { isNamed, isTheirs, isUnnamed, type WhoseFiles } from './not-taken.store.ts';
import { waitsForAnswer } from './transfer.store.ts';

/** Transfers are counted only for administrators, who ask for everybody's files. */
export async function countWaiting(db: Db, whose: WhoseFiles): Promise<Waiting> {
  const { siteId, accountId } = whose;
  const isAll = accountId === null;
  const { rows } = await sql<Waiting>`
    select (select coalesce(sum(
          (select count(*) from jsonb_array_elements(sent_file.entries) as entry(it) where ${isUnnamed})
          + (select count(*) from withheld_instance held where ${isNamed})), 0)::int
        from sent_file where ${isTheirs(whose)}) as "notTaken",
      (select count(distinct instance.id)::int
        from study join upload on upload.study_id = study.id
          join upload_instance on upload_instance.upload_id = upload.id
          join instance on instance.id = upload_instance.instance_id
        where study.site_id = ${siteId}::uuid and study.state in ('held', 'closed') and upload.device_id is null
          and ${isAll ? sql`upload.account_id is not null` : sql`upload.account_id = ${accountId}::uuid`}
          and ${isUndecided('instance')} and not ${OF_DEVICE}
          and ${isAll ? sql`upload.id not in (${IN_TRANSFERS})` : sql`true`}) as held,
      ${isAll ? sql`(select count(*)::int from sent_file where site_id = ${siteId}::uuid and ${waitsForAnswer})` : sql`0`}
        as transfers`.execute(db);
  return rows[0]!;
}

/** True if a device of the account sent the same instance, which is then counted there. */
const OF_DEVICE = sql`exists (
  select from study beside join upload of_device on of_device.study_id = beside.id
    join instance other on other.study_id = beside.id and other.sop_instance_uid = instance.sop_instance_uid
      and other.digest = instance.digest
  where beside.site_id = study.site_id and beside.study_instance_uid = study.study_instance_uid
    and beside.state in ('held', 'closed') and of_device.account_id = upload.account_id and of_device.device_id is not null
    and ${isUndecided('other')})`;

/** Uploads whose instances an administrator decides about as part of a transfer. */
const IN_TRANSFERS = sql`select (it->>'upload')::uuid
  from sent_file, jsonb_array_elements(sent_file.entries) as entry(it)
  where ${waitsForAnswer} and it->>'upload' is not null`;
