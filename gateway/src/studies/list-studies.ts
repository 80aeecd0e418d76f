/**
 * Lists the studies of an account, or of its site where `accountId` is null, newest first and page by page. There is
 * one row for each Study Instance UID, with its newest uploads.
 */
import { sql } from 'kysely';
import type { UploadStatus } from '#shared/protocol/api.ts';
import { UPLOADS_SHOWN, type SentStudy, type StudyStanding } from '#shared/protocol/studies.ts';
import type { Db } from '../database/database.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import { hasArrived, isUndecided } from '../pipeline/stores/instance.store.ts';
import { standingReceipt } from '../pipeline/stores/receipt.store.ts';
import { countsOfStudies, uploadStatuses } from '../uploads/upload-status.ts';
import { sendersOf, type Sender } from './senders-of.ts';

/**
 * Conditions on an upload; undefined: any. `until` is exclusive. `device` null: a signed-in person sent it. `arrived`:
 * some of it has arrived.
 */
export type SentQuery = {
  readonly arrived: boolean;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
  readonly accountId: string | undefined;
  readonly device: string | null | undefined;
};

/** The filter of a list of studies. `until` is exclusive. */
export type StudyQuery = {
  readonly siteId: string;
  readonly accountId: string | null;
  /**
   * A part of the Study Instance UID, or the beginning of the id of an upload or a receipt. In a list of everybody's
   * studies it may also be a part of the sender's name, or the beginning of the device's id.
   */
  readonly text: string | undefined;
  /** Only studies with these UIDs. */
  readonly among?: readonly string[] | undefined;
  readonly standing: StudyStanding | undefined;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
  /** Only studies with an upload that fits. */
  readonly sent?: SentQuery | undefined;
  /** The last study of the page before. */
  readonly after: { readonly lastSentAt: Date; readonly studyInstanceUID: string } | undefined;
  readonly limit: number;
};

type Row = {
  readonly uid: string;
  /** The standing across all uploads of the study, also those that are not shown. */
  readonly standing: StudyStanding;
  readonly first: Date;
  readonly last: Date;
  readonly uploads: readonly string[];
  readonly devices: readonly (string | null)[];
};

/** At most `limit` studies, and whether there are more. */
export async function listStudies(
  db: Db,
  query: StudyQuery,
): Promise<{ readonly studies: readonly SentStudy[]; readonly more: boolean }> {
  const uids = await selectUids(db, query);
  const rows = await describeStudies(db, query, uids.slice(0, query.limit));
  const ids = rows.flatMap(({ uploads }) => uploads);
  const statuses = await statusesOf(db, ids);
  const classes = await sopClassesOf(db, ids);
  const counted = (of: readonly string[]) => of.filter((id) => statuses.get(id)?.cancelled === undefined);
  const several = new Set(rows.filter(({ uploads }) => counted(uploads).length > 1));
  const wholes = await countsOfStudies(
    db,
    [...several].flatMap(({ uploads }) => counted(uploads)),
  );
  const senders = await sendersOf(db, query.siteId, ids);
  const studies = rows.map((row) => {
    const uploads = row.uploads.flatMap((id, place) => {
      const status = statuses.get(id);
      const more = { device: row.devices[place] ?? null, ...toldOf(senders.get(id), query) };
      return status === undefined ? [] : [{ ...status, ...more }];
    });
    const sopClassUIDs = new Set(row.uploads.flatMap((id) => classes.get(id) ?? []));
    return {
      studyInstanceUID: row.uid,
      standing: row.standing,
      firstSentAt: row.first.toISOString(),
      lastSentAt: row.last.toISOString(),
      sopClassUIDs: [...sopClassUIDs].sort(),
      ...(several.has(row) && { counts: wholes(row.uid) }),
      uploads,
    };
  });
  return { studies, more: uids.length > query.limit };
}

/** People who list their own studies know that they sent them, so the sender is left out. */
function toldOf(sender: Sender | undefined, { accountId }: StudyQuery) {
  if (sender === undefined) return {};
  if (accountId === null) return { sender };
  return sender.keptNames ? { keptNames: true as const } : {};
}

/**
 * Upload statuses as the sender sees them. When results are stored beside an upload, the state and revision of its
 * study change, but not the upload's receipt or what it waits for.
 */
async function statusesOf(db: Db, uploadIds: readonly string[]): Promise<ReadonlyMap<string, UploadStatus>> {
  const receipts = await db
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .select(['upload.id', standingReceipt.as('receipt')])
    .where(sql<boolean>`upload.id = any(${uploadIds}::uuid[])`)
    .execute();
  const receiptOf = new Map(receipts.map(({ id, receipt }) => [id, receipt]));
  const statuses = new Map<string, UploadStatus>();
  for (const status of await uploadStatuses(db, uploadIds)) {
    const { uploadId } = status;
    const id = receiptOf.get(uploadId) ?? null;
    const receipt = id === null ? null : { id, href: `/upload/${uploadId}/receipt` };
    statuses.set(uploadId, { ...status, waiting: id === null ? status.waiting : null, receipt });
  }
  return statuses;
}

/**
 * An upload is judged only by the instances that it brought. Most have none refused or held, which an index tells. The
 * gateway keeps no copy of a refused instance, so its study is closed; a person still has to decide about it.
 */
const ownStanding = sql<StudyStanding>`case
  when study.state not in ('held', 'closed') and ${standingReceipt} is null then 'under-way'
  when exists (select from instance i where i.study_id = study.id and ${isUndecided('i')}
    and exists (select from upload_instance u where u.upload_id = upload.id and u.instance_id = i.id))
  then 'needs-you' else 'ended' end`;
/**
 * Whether the sender of the newest upload holds instances back for a person to decide. The numbers in older uploads are
 * out of date.
 */
const isHeldBack = sql<boolean>`coalesce(((array_agg(
  case when upload.cancelled_at is null then upload.withheld end
  order by upload.created_at desc, upload.id))[1] ->> 'held')::int, 0) > 0`;
const isHeld = sql<boolean>`(bool_or(${ownStanding} = 'needs-you') or ${isHeldBack})`;
const isEnded = sql<boolean>`(not ${isHeld} and bool_and(${ownStanding} = 'ended'))`;
const STANDING: Readonly<Record<StudyStanding, ReturnType<typeof sql<boolean>>>> = {
  'needs-you': isHeld,
  ended: isEnded,
  'under-way': sql<boolean>`not (${isHeld} or ${isEnded})`,
};

const standing = sql<StudyStanding>`case when ${isHeld} then 'needs-you' when ${isEnded} then 'ended' else 'under-way' end`;

/** Values of the study's newest uploads. */
const newest = <T>(column: 'upload.id' | 'upload.device_id') =>
  sql<
    T[]
  >`(array_agg(${sql.ref(column)} order by upload.created_at desc, upload.id))[1:${sql.lit(UPLOADS_SHOWN)}]`;

type Whose = Pick<StudyQuery, 'siteId' | 'accountId'>;

/** Uploads that somebody sent: the gateway itself uploads the results of a study. */
function sentUploads(db: Db, { siteId, accountId }: Whose) {
  const sent = db
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .where('upload.site_id', '=', siteId)
    .where('upload.account_id', 'is not', null);
  return accountId === null ? sent : sent.where('upload.account_id', '=', accountId);
}

/** Only of the studies on the page: for all studies of a large site this would take seconds. */
async function describeStudies(db: Db, query: StudyQuery, uids: readonly string[]): Promise<readonly Row[]> {
  return sentUploads(db, query)
    .select(['study.study_instance_uid as uid', ({ fn }) => fn.max('upload.created_at').as('last')])
    .select(({ fn }) => fn.min('upload.created_at').as('first'))
    .select(standing.as('standing'))
    .select(newest<string>('upload.id').as('uploads'))
    .select(newest<string | null>('upload.device_id').as('devices'))
    .where('study.site_id', '=', query.siteId)
    .where(sql<boolean>`study.study_instance_uid = any(${uids}::text[])`)
    .groupBy('study.study_instance_uid')
    .orderBy('last', 'desc')
    .orderBy('uid', 'desc')
    .execute();
}

/** Selects one study more than `limit`, to show whether another page follows. */
async function selectUids(db: Db, query: StudyQuery): Promise<readonly string[]> {
  const { accountId, among, from, until, after } = query;
  const own = accountId === null ? sql`true` : sql`o.account_id = ${accountId}`;
  // A study stands where its newest upload does. So an index leads to the page, and the other studies are not read.
  let select = sentUploads(db, query)
    .select('study.study_instance_uid as uid')
    .where(
      sql<boolean>`not exists (select from study os join upload o on o.study_id = os.id
        where os.site_id = study.site_id and os.study_instance_uid = study.study_instance_uid
        and o.account_id is not null and ${own} and (o.created_at, o.id) > (upload.created_at, upload.id))`,
    )
    .orderBy('upload.created_at', 'desc')
    .orderBy('study.study_instance_uid', 'desc')
    .limit(query.limit + 1);
  if (among !== undefined)
    select = select.where(sql<boolean>`study.study_instance_uid = any(${among}::text[])`);
  if (from !== undefined) select = select.where('upload.created_at', '>=', from);
  if (until !== undefined) select = select.where('upload.created_at', '<', until);
  if (after !== undefined)
    select = select.where(
      sql<boolean>`(upload.created_at, study.study_instance_uid) < (${after.lastSentAt}, ${after.studyInstanceUID})`,
    );
  const fitting = fittingUids(db, query);
  if (fitting !== null) select = select.where('study.study_instance_uid', 'in', fitting);
  return (await select.execute()).map(({ uid }) => uid);
}

/** The studies whose uploads together fit. Null: all do. */
function fittingUids(db: Db, query: StudyQuery) {
  const { accountId, text, standing: wanted, sent } = query;
  const conditions = [
    ...(text === undefined ? [] : [named(text, accountId === null)]),
    ...(wanted === undefined ? [] : [STANDING[wanted]]),
    ...(sent === undefined ? [] : [wasSent(sent)]),
  ];
  if (conditions.length === 0) return null;
  return sentUploads(db, query)
    .select('study.study_instance_uid')
    .groupBy('study.study_instance_uid')
    .having(sql.join<boolean>(conditions, sql` and `));
}

function wasSent({ arrived, from, until, accountId, device }: SentQuery) {
  const something = sql`exists (select from instance i where i.study_id = upload.study_id
    and i.policy_name <> ${RESULTS_POLICY.name} and ${hasArrived})`;
  const conditions = [
    ...(arrived ? [something] : []),
    ...(from === undefined ? [] : [sql`upload.created_at >= ${from}`]),
    ...(until === undefined ? [] : [sql`upload.created_at < ${until}`]),
    ...(accountId === undefined ? [] : [sql`upload.account_id = ${accountId}`]),
    ...(device === undefined ? [] : [sql`upload.device_id is not distinct from ${device}::uuid`]),
  ];
  return sql<boolean>`bool_or(${sql.join([sql`true`, ...conditions], sql` and `)})`;
}

/** The only wildcard that `text` can hold is `_`, which matches itself too. */
function named(text: string, bySender: boolean) {
  const sender = sql<boolean>`or bool_or(upload.device_id::text like ${`${text}%`}) or bool_or(exists (select from account
      where account.id = upload.account_id and strpos(lower(account.username), lower(${text})) > 0))`;
  return sql<boolean>`(study.study_instance_uid like ${`%${text}%`}
    or bool_or(upload.id::text like ${`${text}%`})
    or bool_or(exists (select from receipt
      where receipt.upload_id = upload.id and receipt.id::text like ${`${text}%`}))
    ${bySender ? sender : sql``})`;
}

async function sopClassesOf(
  db: Db,
  uploadIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (uploadIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select(['upload_instance.upload_id', 'instance.sop_class_uid'])
    .distinct()
    .where(sql<boolean>`upload_instance.upload_id = any(${uploadIds}::uuid[])`)
    .execute();
  const byUpload = Map.groupBy(rows, ({ upload_id }) => upload_id);
  return new Map([...byUpload].map(([id, of]) => [id, of.map(({ sop_class_uid }) => sop_class_uid)]));
}
