/** The events of one study, read from the audit trail, which is the only place that keeps them. */
import { sql } from 'kysely';
import type { z } from 'zod';
import type { timelineSchema } from '#shared/protocol/studies.ts';
import { namesStudy } from '../audit/find-events.ts';
import type { Db } from '../database/database.ts';
import { findAdded } from '../pipeline/stores/added.store.ts';

type TimelineEvent = z.infer<typeof timelineSchema>['events'][number];

/** `watches`: the account also sees what others sent, where it sent nothing itself. */
export type WhoseStudy = {
  readonly siteId: string;
  readonly accountId: string;
  readonly watches: boolean;
  readonly studyInstanceUID: string;
};

/** Only the newest events are kept. A study with this many has been sent for weeks. */
const EVENTS_LIMIT = 2_000;

/** Only the newest uploads are kept. A device or an account normally sends a study once, and few people share it. */
const UPLOADS_LIMIT = 200;

/** Events, oldest first; null: there is no such study. `isBlind`: what models did is left out. */
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

/** Events about models: runs that were requested, and verdicts. */
const OF_MODELS = ['inference-asked', 'inference-cancelled', 'inference-retried', 'result-verified'];

/** Events of the studies, oldest first. An account that watches the site also gets the events about models. */
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

/** Of an event about a model only the verdict is shown, without the words that were written. */
const verdictIn = ({ verdict }: AuditRow['fields']) => (typeof verdict === 'string' ? { verdict } : {});

type FindUpload = (fields: AuditRow['fields']) => string | undefined;

/** Finds the upload that an event names directly or by one of its parcels. */
function uploadFinder(rows: readonly { readonly fields: AuditRow['fields'] }[]): FindUpload {
  const ofParcel = new Map(
    rows.flatMap(({ fields: { parcelId, uploadId } }) =>
      typeof parcelId === 'string' && typeof uploadId === 'string' ? [[parcelId, uploadId]] : [],
    ),
  );
  return ({ uploadId, parcelId }) =>
    typeof uploadId === 'string' ? uploadId : ofParcel.get(String(parcelId));
}

/** The account that acted. Events about models have it in `accountId`. */
const actorOf = ({ studyId, by, accountId }: AuditRow['fields']): string =>
  String(by ?? (studyId === undefined ? accountId : undefined));

/** Events that happen to a study, or to its copy, at the destination it goes to. */
const AT_DESTINATION = /^study-(forwarded|reconciled|waiting)$|^instances-known-to-pacs$/;

type StudyPlace = {
  readonly of: string;
  readonly destinationId: string | null;
  readonly name: string | null;
};

/** The studies and their copies by id: the study that each belongs to, and its destination. */
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

/** Usernames by id of the accounts that caused the events. */
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

/** The uploads of the study that are shown, oldest first. */
export async function uploadsOf(db: Db, whose: WhoseStudy) {
  const own = await selectUploads(db, whose, whose.accountId);
  return own.length > 0 || !whose.watches ? own : selectUploads(db, whose, null);
}

/** `accountId` null: uploads by everybody. */
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
