/**
 * Studies that the automatic check on a device marked for early reading, and of which nobody has opened a case: no list
 * of what is to be read has them. Nobody reads them for a review, so the mark is hidden from no keeper.
 */
import { sql } from 'kysely';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import { MARKED_DAYS, MARKED_LIMIT, type MarkedStudies } from '#shared/protocol/cases.ts';
import type { Db } from '../database/database.ts';
import { MARKED_EARLY } from '../pipeline/triage.store.ts';
import { classesOf } from './case-facts.ts';

/** Oldest first. */
export async function markedWithoutCase(db: Db, siteId: string, now: Date): Promise<MarkedStudies> {
  const { rows } = await sql<{ uid: string; at: Date; upload: string | null }>`select * from (
    select distinct on (s.study_instance_uid) s.study_instance_uid as uid, s.created_at as at,
      (select u.id from upload u where u.study_id = s.id and u.account_id is not null
        order by u.created_at desc limit 1) as upload
    from ${MARKED_EARLY} and s.site_id = ${siteId}
      and s.created_at > ${now}::timestamptz - make_interval(days => ${MARKED_DAYS}::int)
      and not exists (select 1 from case_study c
        where c.site_id = s.site_id and c.study_instance_uid = s.study_instance_uid)
    order by s.study_instance_uid, s.created_at) marked
    order by at limit ${MARKED_LIMIT + 1}`.execute(db);
  const shown = rows.slice(0, MARKED_LIMIT);
  const classes = await classesOf(
    db,
    siteId,
    shown.map(({ uid }) => uid),
  );
  return {
    studies: shown.map(({ uid, at, upload }) => ({
      studyInstanceUID: uid,
      uploadId: upload,
      modalities: [...modalitiesOf(classes.get(uid) ?? [])],
      sentAt: at.toISOString(),
    })),
    isMore: rows.length > MARKED_LIMIT,
  };
}
