/** The events of one study, read from the audit trail: no other place keeps them. */
import { sql } from 'kysely';
import type { z } from 'zod';
import type { timelineSchema } from '#shared/protocol/studies.ts';
import { namesStudy } from '../audit/find-events.ts';
import type { Db } from '../database/database.ts';
import { findAdded } from '../pipeline/added.store.ts';

type TimelineEvent = z.infer<typeof timelineSchema>['events'][number];

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

/** Oldest first; null: there is no such study. `isBlind`: the reader is told nothing of what models did. */
export async function timelineOf(
  db: Db,
  whose: WhoseStudy,
  isBlind: boolean,
): Promise<readonly TimelineEvent[] | null> {
  const uploads = await uploadsOf(db, whose);
  if (uploads.length === 0) return null;
  const studyIds = [...new Set(uploads.map((upload) => upload.study_id))];
  const places = await placesOf(db, studyIds);
  const rows = await eventsOf(db, whose, { ids: [...places.keys()], isBlind });
  const named = whose.watches ? await usernamesOf(db, whose.siteId, rows) : null;
  const added = await findAdded(db, [...places.keys()]);
  const findUpload = uploadFinder(rows);
  const oldest = new Map(uploads.toReversed().map(({ id, study_id }) => [study_id, id]));
  const toTold = ({ at, event, fields }: AuditRow): TimelineEvent => {
    const { studyId, studyInstanceUID: _, ...said } = fields;
    const place = places.get(String(studyId));
    const uploadId = findUpload(fields);
    const brought = added({ ...fields, uploadId });
    const destination = AT_DESTINATION.test(event) ? place?.name : nameOf(places, said['destinationId']);
    const account = named?.get(actorOf(fields));
    return {
      ...{ at: at.toISOString(), event, uploadId: uploadId ?? oldest.get(place?.of ?? '') ?? null },
      fields: studyId === undefined ? verdictIn(said) : said,
      ...(brought !== undefined && { added: brought }),
      ...(typeof destination === 'string' && { destination }),
      ...(account !== undefined && { account }),
    };
  };
  return rows.map(toTold).filter((told) => !(isBlind && told.added));
}

type AuditRow = {
  readonly at: Date;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** Questions to models, and verdicts. */
const OF_MODELS = ['inference-asked', 'inference-cancelled', 'inference-retried', 'result-verified'];

/** Events of the studies; and to those who watch the site, also what models were asked. Oldest first. */
async function eventsOf(
  db: Db,
  { siteId, watches, studyInstanceUID }: WhoseStudy,
  { ids, isBlind }: { readonly ids: readonly string[]; readonly isBlind: boolean },
): Promise<readonly AuditRow[]> {
  const isStep = sql<boolean>`(fields ? 'studyId' and fields->>'studyId' = any(${[...ids]}::text[]))`;
  const isOfModels = sql<boolean>`(event = any(${OF_MODELS}::text[]) and ${namesStudy(studyInstanceUID)})`;
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'event', 'fields'])
    .where('site_id', '=', siteId)
    .where(watches && !isBlind ? sql<boolean>`(${isStep} or ${isOfModels})` : isStep)
    .orderBy('seq', 'desc')
    .limit(EVENTS_LIMIT)
    .execute();
  return rows.reverse();
}

/** Events of models say only that somebody asked, or judged the answer and how; no words of theirs. */
const verdictIn = ({ verdict }: AuditRow['fields']) => (typeof verdict === 'string' ? { verdict } : {});

type FindUpload = (fields: AuditRow['fields']) => string | undefined;

/** The upload that an event names, also by a parcel of it. */
function uploadFinder(rows: readonly { readonly fields: AuditRow['fields'] }[]): FindUpload {
  const ofParcel = new Map(
    rows.flatMap(({ fields: { parcelId, uploadId } }) =>
      typeof parcelId === 'string' && typeof uploadId === 'string' ? [[parcelId, uploadId]] : [],
    ),
  );
  return ({ uploadId, parcelId }) =>
    typeof uploadId === 'string' ? uploadId : ofParcel.get(String(parcelId));
}

/** Events of models name the account that asked. */
const actorOf = ({ studyId, by, accountId }: AuditRow['fields']): string =>
  String(by ?? (studyId === undefined ? accountId : undefined));

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

/** Usernames of the accounts that did it, by their ids. */
async function usernamesOf(
  db: Db,
  siteId: string,
  events: readonly AuditRow[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Set(events.map(({ fields }) => actorOf(fields)));
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
    .leftJoin('device', 'device.id', 'upload.device_id')
    .select(['upload.id', 'upload.study_id', 'upload.device_id', 'upload.created_at'])
    .select('device.name as device_name')
    .select(['account.username', 'account.id as account_id'])
    .where('study.site_id', '=', siteId)
    .where('study.study_instance_uid', '=', studyInstanceUID)
    .orderBy('upload.created_at', 'desc')
    .orderBy('upload.id', 'desc')
    .limit(UPLOADS_LIMIT);
  if (accountId !== null) query = query.where('upload.account_id', '=', accountId);
  return (await query.execute()).reverse();
}
