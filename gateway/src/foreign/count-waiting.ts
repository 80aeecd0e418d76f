/**
 * Counts instances of scripts and modalities that wait for a person, for the head of every page. They are listed by
 * not-taken.store.ts, transfer.store.ts, and the list of studies.
 */
import { sql, type Kysely } from 'kysely';
import type { Waiting } from '#shared/protocol/not-taken.ts';
import type { Tables } from '../database/tables.ts';
import { isNotTaken, isTheirs, TOLD, type WhoseFiles } from './not-taken.store.ts';
import { waitsForAnswer } from './transfer.store.ts';

/** Transfers are for administrators alone, who ask for those of everybody. */
export async function countWaiting(db: Kysely<Tables>, whose: WhoseFiles): Promise<Waiting> {
  const { siteId, accountId } = whose;
  const isAll = accountId === null;
  const { rows } = await sql<Waiting>`
    select (select coalesce(sum(
          (select count(*) from jsonb_array_elements(sent_file.entries) as entry(it)
            where sent_file.peer_id is null and ${isNotTaken})
          + (select count(*) from withheld_instance held where held.file_id = sent_file.id and ${TOLD})), 0)::int
        from sent_file where ${isTheirs(whose)}) as "notTaken",
      (select count(distinct instance.id)::int
        from study join upload on upload.study_id = study.id
          join upload_instance on upload_instance.upload_id = upload.id
          join instance on instance.id = upload_instance.instance_id
        where study.site_id = ${siteId}::uuid and study.state = 'held' and upload.device_id is null
          and ${isAll ? sql`upload.account_id is not null` : sql`upload.account_id = ${accountId}::uuid`}
          and instance.state = 'quarantined'
          and ${isAll ? sql`upload.id not in (${IN_TRANSFERS})` : sql`true`}) as held,
      ${isAll ? sql`(select count(*)::int from sent_file where site_id = ${siteId}::uuid and ${waitsForAnswer})` : sql`0`}
        as transfers`.execute(db);
  return rows[0]!;
}

/** An administrator answers these with their transfer. */
const IN_TRANSFERS = sql`select (it->>'upload')::uuid
  from sent_file, jsonb_array_elements(sent_file.entries) as entry(it)
  where ${waitsForAnswer} and it->>'upload' is not null`;
