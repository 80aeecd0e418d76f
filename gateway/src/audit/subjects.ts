/** Finds the study or the case whose events somebody asks for. A site cannot find those of another site. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { StudyNames } from './find-events.ts';

export type StudyAsked = {
  readonly filter: StudyNames;
  /** Null: no UID of the study is known. */
  readonly shown: { id: string | null; studyInstanceUID: string } | null;
};

/** `asked`: a Study Instance UID, or the id of one of the study's rows or uploads as it appears in an address. */
export async function studyAsked(db: Db, siteId: string, asked: string): Promise<StudyAsked> {
  const isId = asked.includes('-');
  const uid = isId ? await uidOf(db, siteId, asked) : asked;
  // The events of a study that was taken back remain.
  if (uid === undefined)
    return { filter: { ids: [asked], studyInstanceUID: '', caseIds: [], exportIds: [] }, shown: null };
  const rows = await db
    .selectFrom('study')
    .select('id')
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', uid)
    .orderBy('created_at')
    .execute();
  const ids = rows.map(({ id }) => id);
  return {
    filter: { ids, studyInstanceUID: uid, ...(await namersOf(db, siteId, uid)) },
    shown: { id: ids[0] ?? null, studyInstanceUID: uid },
  };
}

/** The cases and exports whose events have named the study, including deleted ones. */
async function namersOf(
  db: Db,
  siteId: string,
  studyInstanceUID: string,
): Promise<Pick<StudyNames, 'caseIds' | 'exportIds'>> {
  const { rows } = await sql<{ caseId: string | null; exportId: string | null }>`
    select distinct fields->>'caseId' as "caseId", fields->>'exportId' as "exportId" from audit
    where site_id = ${siteId} and fields ? 'studies' and fields->'studies' ? ${studyInstanceUID}
    union select case_id::text, null from case_study
    where site_id = ${siteId} and study_instance_uid = ${studyInstanceUID}`.execute(db);
  return {
    caseIds: rows.flatMap(({ caseId }) => caseId ?? []),
    exportIds: rows.flatMap(({ exportId }) => exportId ?? []),
  };
}

async function uidOf(db: Db, siteId: string, id: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('study')
    .select('study_instance_uid')
    .where('site_id', '=', siteId)
    .where(({ or, eb, selectFrom }) =>
      or([
        eb('id', '=', id),
        eb('id', 'in', selectFrom('upload').select('study_id').where('upload.id', '=', id)),
      ]),
    )
    .executeTakeFirst();
  return row?.study_instance_uid;
}

/** Finds a case by its number or its id. The events of a deleted case remain. */
export async function caseAsked(db: Db, siteId: string, asked: number | string): Promise<string> {
  if (typeof asked === 'string') return asked;
  const row = await db
    .selectFrom('case_record')
    .select('id')
    .where('site_id', '=', siteId)
    .where('number', '=', asked)
    .executeTakeFirst();
  return row?.id ?? '';
}
