/**
 * Studies that the automatic check on a device marked for early reading. The mark comes from a model, so it is hidden
 * from readers who read a study without what models found. The mark of an image that is not in the PACS is ignored,
 * since anybody can name an image.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';
import { MARKED_EARLY } from '../pipeline/stores/triage.store.ts';
import { isReached, reachesAll } from '../findings/result-reach.ts';
import { isBlindTo } from '../findings/blinding.ts';
import { mayKnowStudy, type CaseReader, type CaseStudyUid } from '../findings/case-rights.ts';

/** A condition on `uid`, a Study Instance UID in the query: the study is marked, and the reader may know that. */
export async function isMarkedEarly(
  db: Db,
  reader: CaseReader,
  uid: CaseStudyUid,
): Promise<RawBuilder<boolean>> {
  const mayKnow = reachesAll(reader) ? sql`true` : await isReached(db, reader);
  return sql<boolean>`(exists (select 1 from ${MARKED_EARLY} and i.site_id = ${reader.siteId}
      and s.study_instance_uid = ${sql.ref(uid)} and ${mayKnow})
    and not ${isBlindTo(reader, sql.ref(uid))})`;
}

/** A condition on `caseId` in the query: a study of the case is marked, and the reader may know that. */
export const isEarlyCase = async (
  db: Db,
  reader: CaseReader,
  caseId: RawBuilder<unknown>,
): Promise<RawBuilder<boolean>> => sql<boolean>`exists (select 1 from case_study c
  where c.case_id = ${caseId} and ${await mayKnowStudy(db, reader, 'c.study_instance_uid')}
    and ${await isMarkedEarly(db, reader, 'c.study_instance_uid')})`;
