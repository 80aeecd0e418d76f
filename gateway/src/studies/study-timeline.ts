/** The events of one study, read from the audit trail: no other place keeps them. */
import { sql } from 'kysely';
import type { z } from 'zod';
import type { timelineSchema } from '#shared/protocol/studies.ts';
import type { Db } from '../database/database.ts';

export type TimelineEvent = z.infer<typeof timelineSchema>['events'][number];

/** `watches`: shown what others sent where the account itself sent nothing. */
export type WhoseStudy = {
  readonly siteId: string;
  readonly accountId: string;
  readonly watches: boolean;
  readonly studyInstanceUID: string;
};

/** The newest are kept: a study of so many steps has been sent for weeks. */
const EVENTS_LIMIT = 2_000;

/** The newest are kept: a device or an account sends one study once, and a few share it. */
const UPLOADS_LIMIT = 200;

/** Oldest first; null: there is no such study. */
export async function timelineOf(db: Db, whose: WhoseStudy): Promise<readonly TimelineEvent[] | null> {
  const uploads = await uploadsOf(db, whose);
  if (uploads.length === 0) return null;
  const uploadOf = new Map(uploads.map(({ id, study_id }) => [study_id, id]));
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'event', 'fields'])
    .where('site_id', '=', whose.siteId)
    .where(sql<boolean>`fields ? 'studyId' and fields->>'studyId' = any(${[...uploadOf.keys()]}::text[])`)
    .orderBy('seq', 'desc')
    .limit(EVENTS_LIMIT)
    .execute();
  return rows.reverse().map(({ at, event, fields }) => {
    const { studyId, studyInstanceUID: _, ...said } = fields;
    return { at: at.toISOString(), event, uploadId: uploadOf.get(String(studyId)) ?? null, fields: said };
  });
}

/** The uploads of it that are shown, oldest first. */
export async function uploadsOf(db: Db, whose: WhoseStudy) {
  const own = await selectUploads(db, whose, whose.accountId);
  return own.length > 0 || !whose.watches ? own : selectUploads(db, whose, null);
}

/** `accountId` null: of everybody who sent it. */
async function selectUploads(db: Db, { siteId, studyInstanceUID }: WhoseStudy, accountId: string | null) {
  let query = db
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .innerJoin('account', 'account.id', 'upload.account_id')
    .select(['upload.id', 'upload.study_id', 'upload.device_id', 'upload.created_at'])
    .select(['account.username', 'account.id as account_id'])
    .where('study.site_id', '=', siteId)
    .where('study.study_instance_uid', '=', studyInstanceUID)
    .orderBy('upload.created_at', 'desc')
    .orderBy('upload.id', 'desc')
    .limit(UPLOADS_LIMIT);
  if (accountId !== null) query = query.where('upload.account_id', '=', accountId);
  return (await query.execute()).reverse();
}
