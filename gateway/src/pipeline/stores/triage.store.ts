/**
 * The devices' own triage of instances: written with the promise that contains it, and read after the gateway's own
 * models have run.
 */
import { sql } from 'kysely';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db, Trx } from '../../database/database.ts';

export type InstanceTriage = { readonly sopInstanceUID: string; readonly triage: DeviceTriage };

/**
 * Keeps the last triage of each instance of the study. An entry made without models does not replace one made with
 * models. Once an instance is in the PACS, its triage stays even if the instance is named again.
 */
export async function insertTriage(trx: Trx, studyId: string, said: Iterable<InstanceTriage>): Promise<void> {
  const last = new Map([...said].map((one) => [one.sopInstanceUID, one]));
  if (last.size === 0) return;
  await sql`
    insert into device_triage (study_id, sop_instance_uid, triage)
    select ${studyId}::uuid, x."sopInstanceUID", x.triage
    from jsonb_to_recordset(${JSON.stringify([...last.values()])}::jsonb) as x("sopInstanceUID" text, triage jsonb)
    where not exists (
      select from instance i where i.study_id = ${studyId}::uuid and i.sop_instance_uid = x."sopInstanceUID"
        and i.state in (${sql.join([...IN_PACS])}))
    on conflict (study_id, sop_instance_uid) do update set triage = excluded.triage
    where excluded.triage ->> 'runtime' <> 'none' or device_triage.triage ->> 'runtime' = 'none'`.execute(
    trx,
  );
}

/**
 * An SQL from clause with conditions. It selects each study `s` with an instance `i` that is in the PACS and that its
 * device has marked for early reading.
 */
export const MARKED_EARLY = sql`study s join device_triage t on t.study_id = s.id
  join instance i on i.study_id = s.id and i.sop_instance_uid = t.sop_instance_uid
  where (t.triage->>'first')::boolean and i.brought and i.state in (${sql.join([...IN_PACS])})`;

/** Undefined: no device that brought this instance sent a triage of it. */
export async function triageOf(
  db: Db,
  siteId: string,
  studyInstanceUID: string,
  sopInstanceUID: string,
): Promise<DeviceTriage | undefined> {
  const row = await db
    .selectFrom('device_triage')
    .innerJoin('study', 'study.id', 'device_triage.study_id')
    .select('device_triage.triage')
    .where('study.site_id', '=', siteId)
    .where('study.study_instance_uid', '=', studyInstanceUID)
    .where('device_triage.sop_instance_uid', '=', sopInstanceUID)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('instance')
          .select('instance.id')
          .whereRef('instance.study_id', '=', 'study.id')
          .whereRef('instance.sop_instance_uid', '=', 'device_triage.sop_instance_uid')
          .where('instance.brought', '=', true),
      ),
    )
    .orderBy('study.created_at')
    .executeTakeFirst();
  return row?.triage;
}
