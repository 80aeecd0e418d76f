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
  const uploadOf = new Map(uploads.map((upload) => [upload.study_id, upload]));
  const places = await placesOf(db, [...uploadOf.keys()]);
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'event', 'fields'])
    .where('site_id', '=', whose.siteId)
    .where(sql<boolean>`fields ? 'studyId' and fields->>'studyId' = any(${[...places.keys()]}::text[])`)
    .orderBy('seq', 'desc')
    .limit(EVENTS_LIMIT)
    .execute();
  const named = whose.watches ? await usernamesOf(db, whose.siteId, rows) : null;
  return rows.reverse().map(({ at, event, fields }) => {
    const { studyId, studyInstanceUID: _, ...said } = fields;
    const place = places.get(String(studyId));
    const upload = uploadOf.get(place?.of ?? '');
    const destination = AT_DESTINATION.test(event) ? place?.name : nameOf(places, said['destinationId']);
    const account = named?.get(String(said['by'])) ?? (BY_SENDER.test(event) ? upload?.username : undefined);
    return {
      ...{ at: at.toISOString(), event, uploadId: upload?.id ?? null, fields: said },
      ...(typeof destination === 'string' && { destination }),
      ...(named !== null && account !== undefined && { account }),
    };
  });
}

/** Steps of a study, or of its copy, at the destination that it goes to. */
const AT_DESTINATION = /^study-(forwarded|reconciled|waiting)$|^instances-known-to-pacs$/;

type StudyPlace = {
  readonly of: string;
  readonly destinationId: string | null;
  readonly name: string | null;
};

/** The studies and their copies, by id: of which study each is, and where it goes. */
async function placesOf(db: Db, studyIds: readonly string[]): Promise<ReadonlyMap<string, StudyPlace>> {
  const rows = await db
    .selectFrom('study')
    .leftJoin('destination', 'destination.id', 'study.destination_id')
    .select(['study.id', 'study.copy_of', 'study.destination_id as destinationId', 'destination.name'])
    .where(
      sql<boolean>`(study.id = any(${[...studyIds]}::uuid[]) or study.copy_of = any(${[...studyIds]}::uuid[]))`,
    )
    .execute();
  return new Map(
    rows.map(({ id, copy_of: copyOf, destinationId, name }) => [
      id,
      { of: copyOf ?? id, destinationId, name },
    ]),
  );
}

const nameOf = (places: ReadonlyMap<string, StudyPlace>, id: unknown): string | null =>
  [...places.values()].find(({ destinationId }) => destinationId !== null && destinationId === id)?.name ??
  null;

/** Steps of the account that sends it, unless they name another one; all others are the gateway's. */
const BY_SENDER = /^upload-|^instances-taken-back$/;

/** Of the accounts that the events name in `by`, by their ids. */
async function usernamesOf(
  db: Db,
  siteId: string,
  events: readonly { readonly fields: Record<string, unknown> }[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Set(events.flatMap(({ fields: { by } }) => (typeof by === 'string' ? [by] : [])));
  const rows = await db
    .selectFrom('account')
    .select([sql<string>`id::text`.as('id'), 'username'])
    .where('site_id', '=', siteId)
    .where(sql<boolean>`id::text = any(${[...ids]}::text[])`)
    .execute();
  return new Map(rows.map(({ id, username }) => [id, username]));
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
