/** The status of an upload, as used by `GET /upload/{id}/status`, the event stream and the list. Reads only. */
import { sql, type RawBuilder } from 'kysely';
import type { InstanceStatus, UploadStatus } from '#shared/protocol/api.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { IN_PACS, isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { countWithheld } from '#shared/protocol/withheld.ts';
import type { Db } from '../database/database.ts';
import { carriedUploads } from '../pipeline/stores/carrier.store.ts';
import { ENDED } from '../pipeline/stores/copy.store.ts';
import type { UploadOwner } from '../pipeline/stores/upload-owner.ts';

type Tools = { readonly db: Db; readonly now: () => Date };

/** At the gateway and verified, but not yet confirmed in the PACS. */
const AT_GATEWAY: readonly InstanceState[] = ['received', 'posting', 'posted'];

/**
 * Written into the SQL text, not as parameters: in a statement that groups by this expression, the database has to see
 * that both are the same.
 */
const inPacs = sql.join(IN_PACS.map((state) => sql.lit(state)));
/** Whether a copy `s` of the instance's study lacks the instance. */
const lacks = sql<boolean>`not exists (select from instance c where c.study_id = s.id
  and c.sop_instance_uid = instance.sop_instance_uid and coalesce(c.coerced_from, c.digest) = instance.digest
  and c.state in (${inPacs}))`;
/** The state to show: an instance counts as in the PACS once each required destination that was not given up has it. */
export const shownState = sql<InstanceState>`case when instance.state in (${inPacs}) and exists (
    select from study s where s.copy_of = instance.study_id and s.need = 'required' and s.given_up_at is null and ${lacks})
  then 'posted' else instance.state end`;

type Amounts = Pick<UploadStatus, 'counts' | 'bytes'>;

/** Null: there is no such upload. `instances`: include the status of each instance, in the manifest's order. */
export async function uploadStatus(
  db: Db,
  uploadId: string,
  instances: boolean,
): Promise<UploadStatus | null> {
  const [status] = await uploadStatuses(db, [uploadId]);
  if (status === undefined) return null;
  return instances ? { ...status, instances: await instanceStatuses(db, uploadId) } : status;
}

/** In the order of the ids, without instances, with three queries in all. Unknown ids are left out. */
export async function uploadStatuses(db: Db, uploadIds: readonly string[]): Promise<UploadStatus[]> {
  if (uploadIds.length === 0) return [];
  const rows = new Map((await selectUploads(db, uploadIds)).map((row) => [row.id, row]));
  const sums = await amounts(db, uploadIds, sql.ref('upload_instance.upload_id'));
  const copies = await copiesAt(db, uploadIds);
  return uploadIds.flatMap((id) => {
    const row = rows.get(id);
    return row === undefined ? [] : [toStatus(row, sums(id), copies.get(id) ?? [])];
  });
}

type UploadRow = Awaited<ReturnType<typeof selectUploads>>[number];

function selectUploads(db: Db, uploadIds: readonly string[]) {
  return db
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .leftJoin('receipt', (join) =>
      join.onRef('receipt.upload_id', '=', 'upload.id').onRef('receipt.revision', '=', 'study.revision'),
    )
    .select([
      'study.study_instance_uid',
      'study.state',
      'study.revision',
      'study.policy_name',
      'study.waiting_because',
      'study.waiting_since',
      'receipt.id as receipt_id',
    ])
    .select(['upload.id', 'upload.withheld', 'upload.cancelled_at'])
    .where(sql<boolean>`upload.id = any(${uploadIds}::uuid[])`)
    .execute();
}

function toStatus(row: UploadRow, sums: Amounts, copies: readonly Copy[]): UploadStatus {
  const { waiting_because: because, waiting_since: since } = row;
  const awaited = because === 'required-destination' ? copies.filter(({ isAwaited }) => isAwaited) : [];
  return {
    uploadId: row.id,
    studyInstanceUID: row.study_instance_uid,
    state: row.state,
    revision: row.revision,
    policy: row.policy_name,
    ...sums,
    ...(countWithheld(row.withheld) === 0 ? {} : { withheld: row.withheld }),
    ...(row.cancelled_at === null ? {} : { cancelled: true }),
    waiting:
      because === null
        ? null
        : {
            because,
            since: (since ?? new Date(0)).toISOString(),
            ...(awaited.length > 0 && { destinations: awaited.map(({ name }) => name) }),
          },
    ...(copies.length > 0 && { destinations: copies.map(({ isAwaited: _, ...copy }) => copy) }),
    receipt: row.receipt_id === null ? null : { id: row.receipt_id, href: `/upload/${row.id}/receipt` },
  };
}

type Copy = NonNullable<UploadStatus['destinations']>[number] & {
  /** Whether the receipt waits for this copy. */
  readonly isAwaited: boolean;
};

/** The state of the uploads' studies at further destinations, by the uploads' ids. */
async function copiesAt(db: Db, uploadIds: readonly string[]): Promise<ReadonlyMap<string, Copy[]>> {
  const rows = await db
    .selectFrom('upload')
    .innerJoin('study', 'study.copy_of', 'upload.study_id')
    .innerJoin('destination', 'destination.id', 'study.destination_id')
    .select(['upload.id as upload_id', 'destination.name', 'study.waiting_because as waiting'])
    .select([
      sql<Need>`study.need`.as('need'),
      sql<boolean>`study.given_up_at is not null`.as('givenUp'),
      sql<boolean>`(study.need = 'required' and study.state not in (${sql.join([...ENDED])}))`.as(
        'isAwaited',
      ),
      countIn(IN_PACS).as('inPacs'),
      countIn(['refused', 'quarantined']).as('failed'),
    ])
    .where(sql<boolean>`upload.id = any(${uploadIds}::uuid[])`)
    .orderBy('destination.name')
    .execute();
  const byUpload = Map.groupBy(rows, ({ upload_id: id }) => id);
  return new Map([...byUpload].map(([id, own]) => [id, own.map(({ upload_id: _, ...copy }) => copy)]));
}

/** Counts the study's instances in these states, each UID once. */
const countIn = (states: readonly InstanceState[]) =>
  sql<number>`(select count(distinct i.sop_instance_uid)::int from instance i where i.study_id = study.id and i.state in (${sql.join([...states])}))`;

/** The digest of an image whose UID another image has, if it is not stored. Several uploads may have sent it. */
const otherImage = sql<string | null>`case when instance.reason = 'conflicting-instance'
  and instance.state not in (${inPacs}) then instance.digest end`;

/**
 * The order of states among several forms of one image: the most advanced first, those that will not be stored last.
 */
const FURTHEST_FIRST: readonly InstanceState[] = [
  ...[...IN_PACS, ...AT_GATEWAY, 'promised' as const],
  ...(['quarantined', 'refused', 'left-out'] as const),
];

/** Counts over these uploads, summed by study; the key is the Study Instance UID. */
export async function countsOfStudies(
  db: Db,
  uploadIds: readonly string[],
): Promise<(studyInstanceUID: string) => Amounts['counts']> {
  const sums = await amounts(db, uploadIds, sql.ref('study.study_instance_uid'));
  return (uid) => sums(uid).counts;
}

/**
 * The amounts of each upload by its id, or of each study by its UID. Several forms of one image count once; another
 * image under the same UID counts separately, as in `instancesIn` of same-uid.ts. Where the PACS has one form, another
 * one that is held for a person is counted in addition.
 */
async function amounts(
  db: Db,
  uploadIds: readonly string[],
  whole: RawBuilder<unknown>,
): Promise<(whole: string) => Amounts> {
  const shown = db
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .select([sql<string>`${whole}`.as('whole'), 'instance.id', 'instance.sop_instance_uid as uid'])
    .select(['instance.bytes', shownState.as('state'), 'instance.proof'])
    .select(otherImage.as('other'))
    .where(sql<boolean>`upload_instance.upload_id = any(${uploadIds}::uuid[])`);
  const byUid = sql`(partition by whole, uid, other
    order by array_position(${FURTHEST_FIRST}::text[], state), id)`;
  const contents = db
    .selectFrom(shown.as('shown'))
    .select(['whole', 'bytes', 'state', 'proof'])
    .select(sql<number>`row_number() over ${byUid}`.as('turn'))
    .select(sql<string | null>`lag(state) over ${byUid}`.as('before'));
  const rows = await db
    .selectFrom(contents.as('content'))
    .select(['whole', 'state'])
    .select([
      (of) => of.fn.countAll<string | number>().as('count'),
      sql<number>`count(*) filter (where turn > 1)`.as('beside'),
      sql<number>`count(*) filter (where turn = 1 and proof is not null)`.as('proven'),
      (of) => of.fn.sum<string | number>('bytes').as('bytes'),
    ])
    .where(sql<boolean>`(turn = 1 or (state = 'quarantined' and before <> 'quarantined'))`)
    .groupBy(['whole', 'state'])
    .execute();
  const byWhole = Map.groupBy(rows, (row) => row.whole);
  return (of) => sumAmounts(byWhole.get(of) ?? []);
}

type StateAmount = {
  readonly state: InstanceState;
  readonly count: string | number;
  /** Instances in `count` whose UIDs are already counted in another state. */
  readonly beside: string | number;
  /** Instances in `count` that the first destination has. */
  readonly proven: string | number;
  readonly bytes: string | number;
};

function sumAmounts(rows: readonly StateAmount[]): Amounts {
  const sum = (of: 'count' | 'beside' | 'proven' | 'bytes', which: (state: InstanceState) => boolean) =>
    rows.filter(({ state }) => which(state)).reduce((total, row) => total + Number(row[of]), 0);
  const atGateway = (state: InstanceState) => AT_GATEWAY.includes(state);
  const firstOnly = sum(
    'proven',
    (state) => state === 'quarantined' || state === 'refused' || state === 'left-out',
  );
  return {
    counts: {
      promised: sum('count', () => true) - sum('beside', () => true),
      atGateway: sum('count', atGateway),
      inPacs: sum('count', isInPacs),
      refused: sum('count', (state) => state === 'refused'),
      quarantined: sum('count', (state) => state === 'quarantined'),
      leftOut: sum('count', (state) => state === 'left-out'),
      ...(firstOnly > 0 && { firstOnly }),
    },
    bytes: {
      promised: sum('bytes', () => true),
      atGateway: sum('bytes', atGateway),
      inPacs: sum('bytes', isInPacs),
    },
  };
}

async function instanceStatuses(db: Db, uploadId: string): Promise<InstanceStatus[]> {
  const rows = await db
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select(['instance.sop_instance_uid', 'instance.digest', 'instance.reason', 'instance.pacs_code'])
    .select([shownState.as('state'), missingAt.as('missingAt')])
    .where('upload_instance.upload_id', '=', uploadId)
    .orderBy('upload_instance.position')
    .execute();
  return rows.map(({ sop_instance_uid, digest, state, reason, pacs_code, missingAt: names }) => ({
    sopInstanceUID: sop_instance_uid,
    digest,
    state,
    ...(reason === null ? {} : { reason }),
    ...(pacs_code === null ? {} : { pacsCode: pacs_code }),
    ...(names === null ? {} : { missingAt: names }),
  }));
}

/**
 * The names of the required destinations that lack an instance which is held for them and which the first destination
 * has. Null: it is not held for a destination.
 */
const missingAt = sql<
  string[] | null
>`case when instance.state = 'quarantined' and instance.proof is not null then (
    select array_agg(d.name order by d.name) from study s join destination d on d.id = s.destination_id
    where s.copy_of = instance.study_id and s.need = 'required' and s.given_up_at is null and ${lacks}) end`;

/** Instances that are still to be sent: promised, and not in a parcel that waits for verify. */
export async function missingInstances(
  db: Db,
  uploadId: string,
): Promise<{ sopInstanceUID: string; digest: string }[]> {
  const rows = await db
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select(['instance.sop_instance_uid', 'instance.digest'])
    .where('upload_instance.upload_id', '=', uploadId)
    .where('instance.state', '=', 'promised')
    .orderBy('upload_instance.position')
    .execute();
  return rows.map(({ sop_instance_uid, digest }) => ({ sopInstanceUID: sop_instance_uid, digest }));
}

/** The uploads that match, newest first. */
export async function uploadIds(
  tools: Tools,
  where: { owner?: UploadOwner; orCarried?: true; studyIds?: readonly string[]; siteId?: string },
  limit: number,
): Promise<readonly string[]> {
  let query = tools.db.selectFrom('upload').select('id').orderBy('created_at', 'desc').limit(limit);
  if (where.owner !== undefined) query = query.where(isOf(tools, where.owner, where.orCarried === true));
  if (where.owner && where.owner.deviceId !== null)
    query = query.where('device_id', '=', where.owner.deviceId);
  if (where.siteId !== undefined) query = query.where('site_id', '=', where.siteId);
  if (where.studyIds !== undefined)
    query = query.where(sql<boolean>`study_id = any(${where.studyIds}::uuid[])`);
  return (await query.execute()).map(({ id }) => id);
}

/** `orCarried`: also uploads of others' devices that this account may bring from a stick now. */
function isOf(tools: Tools, { accountId, deviceId }: UploadOwner, orCarried: boolean) {
  const own = sql<boolean>`account_id = ${accountId}::uuid`;
  if (!orCarried || deviceId !== null) return own;
  return sql<boolean>`(${own} or id in ${carriedUploads(tools, accountId)})`;
}
