/**
 * Instances in the database, always many at once: a study of 20 000 must not cost 20 000 round trips. A change names
 * the states that it may start from, so a late or repeated message changes nothing.
 */
import { sql, type Selectable } from 'kysely';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { IN_PACS, type InstanceState } from '#shared/protocol/study-state.ts';
import type { Db, Trx } from '../../database/database.ts';
import { textArray } from '../../database/text-array.ts';
import type { InstanceTable } from '../../database/tables.ts';
import { minutesNow } from './tally.store.ts';

/**
 * Well below the day after which a silent device is no longer awaited (expiry): a device that announces itself is not
 * silent.
 */
const RENEW_AFTER_MINUTES = 60;

export type InstanceRow = Selectable<InstanceTable>;

/** The change to one instance; omitted fields stay as they are. */
export type InstanceChange = {
  readonly id: number;
  readonly state: InstanceState;
  readonly reason?: ReasonCode | null;
  /** `restored`: the blob that holds it, where that is not the parcel's own blob. */
  readonly place?: {
    readonly parcelId: string;
    readonly offset: number;
    readonly restored?: string | null;
  } | null;
  readonly pacsCode?: number | null;
  readonly proof?: InstanceRow['proof'];
  /** Null leaves it unchanged. */
  readonly provenAt?: string | null;
  readonly committed?: boolean;
  /** Null leaves it unchanged: the note belongs to the bytes, not to the state. */
  readonly sentDigests?: string | null;
  readonly postedAt?: Date | null;
  /**
   * Counts of offers without an answer about the instance, including the one just made: `all`, and `amid` while the
   * PACS took others.
   */
  readonly offers?: { readonly all: number; readonly amid: number };
  readonly damages?: number;
  readonly losses?: number;
};

/** The counts once the PACS has said something about the instance, or is asked as if for the first time. */
export const NO_OFFERS = { all: 0, amid: 0 } as const;

type Identity = Pick<InstanceRow, 'sop_instance_uid' | 'digest'>;

/** The note of an instance that is handed to the PACS. `md5`: of its bytes as they were sent, if it was computed. */
export const handedOver = ({ sop_instance_uid, digest }: Identity, md5 = '-'): string =>
  `${sop_instance_uid} ${digest} ${md5}`;

/**
 * False: the UID, the digest or the note was changed after the instance was handed over. Nothing in the gateway does
 * that.
 */
export const isAsHandedOver = (row: Identity & Pick<InstanceRow, 'sent_digests'>): boolean =>
  row.sent_digests?.startsWith(handedOver(row, '')) ?? false;

/**
 * The note of an instance that the PACS took and changed. It stays when a person tries again, or leaves the instance
 * out first.
 */
export const changedThere = (row: Identity): string => handedOver(row, 'changed');
export const isChangedThere = (row: Identity & Pick<InstanceRow, 'sent_digests'>): boolean =>
  row.sent_digests === changedThere(row);

/** The counts of an instance that begins its way again. */
export const NOTHING_COUNTED = { offers: NO_OFFERS, damages: 0, losses: 0 } as const;

export async function instancesOf(
  db: Db,
  studyId: string,
  states?: readonly InstanceState[],
): Promise<readonly InstanceRow[]> {
  let query = db.selectFrom('instance').selectAll().where('study_id', '=', studyId).orderBy('id');
  if (states) query = query.where('state', 'in', [...states]);
  return query.execute();
}

/** The blobs in which instances of the whole gateway have their place. */
export async function usedBlobs(db: Db): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('instance')
    .select(['parcel_id', 'restored'])
    .distinct()
    .where('parcel_id', 'is not', null)
    .execute();
  return new Set(rows.map((row) => row.restored ?? row.parcel_id ?? ''));
}

/** Notes how work on the instance ended for the process in which it ran (verify/verify-parcel.ts). */
export async function noteTrace(
  db: Db,
  id: number,
  { beginnings, ends }: Pick<InstanceRow, 'beginnings' | 'ends'>,
): Promise<void> {
  await db.updateTable('instance').set({ beginnings, ends }).where('id', '=', id).execute();
}

/** How many instances of the study are in each state. States without instances are absent. */
export async function countStates(db: Db, studyId: string): Promise<ReadonlyMap<InstanceState, number>> {
  const rows = await db
    .selectFrom('instance')
    .select(['state', (count) => count.fn.countAll<string | number>().as('count')])
    .where('study_id', '=', studyId)
    .groupBy('state')
    .execute();
  return new Map(rows.map(({ state, count }) => [state, Number(count)]));
}

/** Counts instances that the PACS took but has not shown yet, plus those among `ids` that it has shown since. */
export async function countTaken(db: Db, studyId: string, ids: Iterable<number>): Promise<number> {
  const { count } = await db
    .selectFrom('instance')
    .select((of) => of.fn.countAll<string | number>().as('count'))
    .where('study_id', '=', studyId)
    .where(sql<boolean>`(state = 'posted' or state in ('stored', 'coerced') and id in ${idList([...ids])})`)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Whether the study's PACS was given any of its instances. */
export async function wasOffered(db: Db, studyId: string): Promise<boolean> {
  const offered = await db
    .selectFrom('instance')
    .select('id')
    .where('study_id', '=', studyId)
    .where('posted_at', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return offered !== undefined;
}

/** Keeps the instances that are still in the study and in one of the states. */
export async function keepThoseIn<T extends { readonly id: number }>(
  db: Db,
  studyId: string,
  states: readonly InstanceState[],
  instances: readonly T[],
): Promise<readonly T[]> {
  if (instances.length === 0) return [];
  const rows = await db
    .selectFrom('instance')
    .select('id')
    .where('study_id', '=', studyId)
    .where('state', 'in', [...states])
    .where('id', 'in', idList(instances.map(({ id }) => id)))
    .execute();
  const kept = new Set(rows.map(({ id }) => Number(id)));
  return instances.filter(({ id }) => kept.has(Number(id)));
}

/** A condition on an instance: it does not belong to a copy (copy.store.ts). */
export const isOriginal = sql<boolean>`instance.study_id in (select id from study where copy_of is null)`;

/** Ids as one parameter, however many there are. */
export function idList(ids: readonly number[]) {
  return sql<number>`(select x::bigint from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as x)`;
}

/** Ids that this run still holds with its claim. Another gateway may have taken the job over. */
export async function stillClaimed(
  db: Db,
  ids: readonly number[],
  claimedAt: Date,
): Promise<ReadonlySet<number>> {
  const rows = await db
    .selectFrom('instance')
    .select('id')
    .where('id', 'in', idList(ids))
    .where('state', '=', 'posting')
    .where('posted_at', '=', claimedAt)
    .execute();
  return new Set(rows.map(({ id }) => Number(id)));
}

export type InstanceKey = { readonly sopInstanceUID: string; readonly digest: string };

/**
 * Anybody may name any UID, so no query asks by UID alone: each says in SQL whose rows it wants, or what has become of
 * them, and an index leads to those. Passed as an array, UIDs are looked up one by one in that index, whatever the
 * planner knows of a table that has just grown.
 */
export const amongUids = (sopInstanceUIDs: Iterable<string>) =>
  sql<boolean>`instance.sop_instance_uid = any(${textArray(sopInstanceUIDs)})`;
const amongKeys = (keys: readonly InstanceKey[]) =>
  sql<boolean>`(${amongUids(new Set(keys.map(({ sopInstanceUID }) => sopInstanceUID)))} and
    instance.sop_instance_uid || ' ' || instance.digest = any(${textArray(keys.map(({ sopInstanceUID, digest }) => `${sopInstanceUID} ${digest}`))}))`;
/**
 * The instance is the one that holds its UID in its study; there is at most one per UID (the index
 * `instance_active_uid`).
 */
const isActive = sql<boolean>`instance.state not in ('refused', 'quarantined', 'left-out')`;

/** Bytes of instance `i` have reached the gateway, or are in the PACS, or a person has to look at it. */
export const hasArrived = sql<boolean>`(i.brought or i.state not in ('promised', 'left-out')
  and i.reason is distinct from 'never-arrived')`;

/**
 * A person has yet to decide about the instance (the index `instance_undecided`). Two kinds need no decision: a promise
 * that was given up, and refused content under whose UID the PACS has another instance.
 */
export const isUndecided = (row: 'i' | 'instance' | 'other') =>
  sql<boolean>`(${sql.ref(row)}.state in ('quarantined', 'refused') and (${sql.ref(row)}.state = 'quarantined'
    or (${sql.ref(row)}.reason is distinct from 'never-arrived' and not exists (select from instance there
      where there.study_id = ${sql.ref(row)}.study_id and there.sop_instance_uid = ${sql.ref(row)}.sop_instance_uid
        and there.state in (${sql.join(IN_PACS.map((state) => sql.lit(state)))})))))`;

/** Instances of one study by UID and digest. */
export async function instancesByKey(
  db: Db,
  studyId: string,
  keys: readonly InstanceKey[],
): Promise<readonly InstanceRow[]> {
  return db
    .selectFrom('instance')
    .selectAll()
    .where('study_id', '=', studyId)
    .where(amongKeys(keys))
    .orderBy('id')
    .execute();
}

/** Instances of one study that have one of these SOP Instance UIDs. */
export async function activeInstances(
  db: Db,
  studyId: string,
  sopInstanceUIDs: Iterable<string>,
): Promise<readonly InstanceRow[]> {
  return db
    .selectFrom('instance')
    .selectAll()
    .where('study_id', '=', studyId)
    .where(amongUids(sopInstanceUIDs))
    .where(isActive)
    .orderBy('id')
    .execute();
}

/**
 * The instances of one study that a manifest with these keys is compared with: those that it names, and those that hold
 * one of its UIDs or brought bytes under one.
 */
export async function instancesAgainst(
  db: Db,
  studyId: string,
  keys: readonly InstanceKey[],
): Promise<readonly InstanceRow[]> {
  const uids = new Set(keys.map(({ sopInstanceUID }) => sopInstanceUID));
  return db
    .selectFrom('instance')
    .selectAll()
    .where('study_id', '=', studyId)
    .where(amongUids(uids))
    .where(sql<boolean>`(${isActive} or (state = 'quarantined' and brought) or ${amongKeys(keys)})`)
    .orderBy('id')
    .execute();
}

/** Instances of the site under these UIDs that were brought, or that the gateway itself promised as results. */
export async function resultsUnder(
  db: Db,
  siteId: string,
  sopInstanceUIDs: Iterable<string>,
  resultsPolicy: string,
): Promise<readonly InstanceRow[]> {
  return db
    .selectFrom('instance')
    .selectAll()
    .where('site_id', '=', siteId)
    .where(amongUids(sopInstanceUIDs))
    .where(sql<boolean>`(brought or policy_name = ${resultsPolicy})`)
    .where(isOriginal)
    .orderBy('id')
    .execute();
}

export type NewInstance = {
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
  readonly series_instance_uid: string;
  readonly transfer_syntax_uid: string;
  readonly digest: string;
  readonly original_digest: string | null;
  readonly original_key: string | null;
  readonly report_digest: string | null;
  readonly bytes: number;
  readonly state: InstanceState;
  readonly reason: ReasonCode | null;
  /** Another upload of the same account has brought it to the PACS. */
  readonly brought?: boolean;
};

/**
 * Inserts promised instances in one statement, and returns their ids by `UID digest`. An instance inserted as `posted`
 * is in the PACS already, and reconcile checks that.
 */
export async function insertInstances(
  trx: Trx,
  study: { id: string; site_id: string; revision: number; policy_name: string; policy_version: number },
  instances: readonly NewInstance[],
  now: Date,
): Promise<ReadonlyMap<string, number>> {
  if (instances.length === 0) return new Map();
  const { rows } = await sql<{ id: number | string; key: string }>`
    insert into instance (site_id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid, transfer_syntax_uid, digest,
      original_digest, original_key, report_digest, policy_name, policy_version, bytes, state, reason, brought, sent_digests, posted_at, revision, updated_at, since_minute)
    select ${study.site_id}::uuid, ${study.id}::uuid, x.sop_instance_uid, x.sop_class_uid, x.series_instance_uid, x.transfer_syntax_uid, x.digest,
      x.original_digest, x.original_key, x.report_digest, ${study.policy_name}::text, ${study.policy_version}::int, x.bytes, x.state, x.reason, coalesce(x.brought, false),
      case when x.state = 'posted' then x.sop_instance_uid || ' ' || x.digest || ' -' end,
      case when x.state = 'posted' then ${now}::timestamptz end, ${study.revision}::int, ${now}::timestamptz, ${minutesNow()}
    from jsonb_to_recordset(${JSON.stringify(instances.map((instance, nr) => ({ ...instance, nr })))}::jsonb) as x(sop_instance_uid text, sop_class_uid text,
      series_instance_uid text, transfer_syntax_uid text, digest text, original_digest text, original_key text, report_digest text, bytes bigint, state text, reason text, brought boolean, nr bigint)
    order by x.nr
    returning id, sop_instance_uid || ' ' || digest as key`.execute(trx);
  return new Map(rows.map(({ id, key }) => [key, Number(id)]));
}

/**
 * Updates promised instances to what the newest manifest says of them. If an earlier manifest described one wrongly,
 * the new description counts.
 */
export async function renewDescriptions(
  trx: Trx,
  policy: { readonly name: string; readonly version: number },
  rows: readonly (Omit<NewInstance, 'state' | 'reason' | 'brought'> & { readonly id: number })[],
): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    update instance i set sop_class_uid = x.sop_class_uid, series_instance_uid = x.series_instance_uid,
      transfer_syntax_uid = x.transfer_syntax_uid, bytes = x.bytes, original_digest = x.original_digest,
      original_key = x.original_key, report_digest = x.report_digest, policy_name = ${policy.name}::text, policy_version = ${policy.version}::int
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(id bigint, sop_class_uid text, series_instance_uid text,
      transfer_syntax_uid text, bytes bigint, original_digest text, original_key text, report_digest text)
    where i.id = x.id and i.state = 'promised'
      and (i.sop_class_uid, i.series_instance_uid, i.transfer_syntax_uid, i.bytes, i.original_digest, i.original_key,
        i.report_digest, i.policy_name, i.policy_version)
      is distinct from (x.sop_class_uid, x.series_instance_uid, x.transfer_syntax_uid, x.bytes, x.original_digest, x.original_key,
        x.report_digest, ${policy.name}::text, ${policy.version}::int)`.execute(trx);
}

/**
 * Restarts the wait for the upload's instances, so that a repeated promise does not expire on the way. Written at most
 * once an hour.
 */
export async function renewPromises(trx: Trx, uploadId: string, now: Date): Promise<void> {
  await trx
    .updateTable('instance')
    .set({ updated_at: now, since_minute: minutesNow() })
    .where('id', 'in', (of) =>
      of.selectFrom('upload_instance').select('instance_id').where('upload_id', '=', uploadId),
    )
    .where('state', '=', 'promised')
    .where('since_minute', '<', sql<number>`${minutesNow()} - ${RENEW_AFTER_MINUTES}`)
    .execute();
}
