/** Parcels and uploads in the database. A parcel's row exists as long as its bytes do. */
import { sql, type Insertable, type Selectable } from 'kysely';
import type { Db, Trx } from '../../database/database.ts';
import { idList } from './instance.store.ts';
import { openedSize } from '#shared/transfer/seal.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import type { ParcelTable } from '../../database/tables.ts';
import type { UploadOwner } from './upload-owner.ts';

export type ParcelRow = Selectable<ParcelTable>;

/** A parcel with the facts needed on every request: its owner, and the key of its study. */
export type OwnedParcel = ParcelRow & {
  readonly account_id: string | null;
  readonly device_id: string | null;
  readonly wrapped_key: Uint8Array | null;
  readonly study_instance_uid: string;
};

/** The length of the parcel's blob once the parcel is complete. */
export function plainBytes({ bytes, seal_enc }: Pick<ParcelRow, 'bytes' | 'seal_enc'>): number {
  return seal_enc === null ? bytes : (openedSize(bytes) ?? bytes);
}

/** The account for which the parcel takes turns. The gateway's own uploads (of results) have no account. */
export const accountOf = ({ account_id }: Pick<OwnedParcel, 'account_id'>): string => account_id ?? 'gateway';

function owned(db: Db) {
  return db
    .selectFrom('parcel')
    .innerJoin('upload', 'upload.id', 'parcel.upload_id')
    .innerJoin('study', 'study.id', 'parcel.study_id')
    .selectAll('parcel')
    .select(['upload.account_id', 'upload.device_id', 'study.wrapped_key', 'study.study_instance_uid']);
}

export async function findParcel(db: Db, parcelId: string): Promise<OwnedParcel | undefined> {
  return owned(db).where('parcel.id', '=', parcelId).executeTakeFirst();
}

/** The parcel that the device knows by this id. */
export async function findDeviceParcel(
  db: Db,
  uploadId: string,
  deviceParcelId: string,
): Promise<OwnedParcel | undefined> {
  return owned(db)
    .where('parcel.upload_id', '=', uploadId)
    .where('parcel.device_parcel_id', '=', deviceParcelId)
    .executeTakeFirst();
}

export type UploadRow = {
  id: string;
  site_id: string;
  study_id: string;
  account_id: string | null;
  wrapped_key: Uint8Array | null;
  study_instance_uid: string;
  destination_id: string | null;
};

/** The upload with its study, if it belongs to `owner`; null: no matter whose it is. */
export async function findUpload(
  db: Db,
  uploadId: string,
  owner: UploadOwner | null,
): Promise<UploadRow | undefined> {
  let query = db
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .select([
      'upload.id',
      'upload.site_id',
      'upload.study_id',
      'upload.account_id',
      'study.wrapped_key',
      'study.study_instance_uid',
      'study.destination_id',
    ])
    .where('upload.id', '=', uploadId);
  if (owner !== null) query = query.where('upload.account_id', '=', owner.accountId);
  if (owner !== null && owner.deviceId !== null) query = query.where('upload.device_id', '=', owner.deviceId);
  return query.executeTakeFirst();
}

/** The upload that began the study. */
export async function firstUploadOf(db: Db, studyId: string): Promise<string> {
  const { id } = await db
    .selectFrom('upload')
    .select('id')
    .where('study_id', '=', studyId)
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirstOrThrow();
  return id;
}

/** `at`: when a person cancelled the upload; null: it is sent again. */
export async function setCancelled(trx: Trx, uploadId: string, at: Date | null): Promise<void> {
  await trx.updateTable('upload').set({ cancelled_at: at }).where('id', '=', uploadId).execute();
}

/** The ids of the instances that the upload named. */
export async function instanceIdsOf(db: Db, uploadId: string): Promise<ReadonlySet<number>> {
  const rows = await db
    .selectFrom('upload_instance')
    .select('instance_id')
    .where('upload_id', '=', uploadId)
    .execute();
  return new Set(rows.map(({ instance_id }) => Number(instance_id)));
}

/** The ids of the instances that an upload promised, and what its sender withheld. */
type Promises = { readonly ids: ReadonlySet<number>; readonly withheld: Withheld };

/** The instances that each upload of the study named, by the upload's id. Uploads that named none are included. */
export async function promisesOf(db: Db, studyId: string): Promise<ReadonlyMap<string, Promises>> {
  const rows = await db
    .selectFrom('upload')
    .leftJoin('upload_instance', 'upload_instance.upload_id', 'upload.id')
    .select(['upload.id', 'upload.withheld', 'upload_instance.instance_id'])
    .where('upload.study_id', '=', studyId)
    .execute();
  return new Map(
    [...Map.groupBy(rows, ({ id }) => id)].map(([id, named]) => [
      id,
      {
        ids: new Set(named.flatMap(({ instance_id }) => (instance_id === null ? [] : [Number(instance_id)]))),
        withheld: named[0]!.withheld,
      },
    ]),
  );
}

/**
 * Totals of the upload: the number of instances, their bytes, and the bytes of those that have not arrived.
 */
export async function promisedBytes(
  db: Db,
  uploadId: string,
): Promise<{ readonly count: number; readonly all: number; readonly needed: number }> {
  const {
    rows: [row],
  } = await sql<{ count: number; all: number | string; needed: number | string }>`
    select count(*)::int as count, coalesce(sum(i.bytes), 0)::bigint as all, coalesce(sum(i.bytes) filter (where i.state = 'promised'), 0)::bigint as needed
    from upload_instance u join instance i on i.id = u.instance_id where u.upload_id = ${uploadId}::uuid`.execute(
    db,
  );
  return { count: row?.count ?? 0, all: Number(row?.all ?? 0), needed: Number(row?.needed ?? 0) };
}

/** Unfinished parcels of an upload. */
export async function openParcels(
  db: Db,
  uploadId: string,
): Promise<readonly Pick<ParcelRow, 'id' | 'bytes' | 'seal_enc'>[]> {
  return db
    .selectFrom('parcel')
    .select(['id', 'bytes', 'seal_enc'])
    .where('upload_id', '=', uploadId)
    .where('state', '=', 'receiving')
    .execute();
}

/**
 * Unfinished parcels of the whole gateway, because they share one disk: the bytes that all of them announce together,
 * and how many belong to this account. Parcels of disabled accounts take no room: no more bytes of them will come, and
 * expiry removes them.
 */
export async function sumOpenParcels(
  db: Db,
  accountId: string | null,
): Promise<{ readonly bytes: number; readonly ofAccount: number }> {
  const { rows } = await sql<{ bytes: number | string; of_account: number }>`
    select coalesce(sum(p.bytes), 0)::bigint as bytes,
      (count(*) filter (where u.account_id = ${accountId}::uuid))::int as of_account
    ${OPEN_PARCELS}`.execute(db);
  return { bytes: Number(rows[0]?.bytes ?? 0), ofAccount: rows[0]?.of_account ?? 0 };
}

/** The largest unfinished parcels: looking up their written bytes gives the most. */
export async function largestOpenParcels(
  db: Db,
  limit: number,
): Promise<readonly { readonly id: string; readonly bytes: number }[]> {
  const { rows } = await sql<{ id: string; bytes: number | string }>`
    select p.id, p.bytes ${OPEN_PARCELS} order by p.bytes desc, p.id limit ${limit}`.execute(db);
  return rows.map(({ id, bytes }) => ({ id, bytes: Number(bytes) }));
}

const OPEN_PARCELS = sql`from parcel p join upload u on u.id = p.upload_id left join account a on a.id = u.account_id
  where p.state = 'receiving' and a.disabled_at is null`;

/** Ids of the instances that another upload also names. */
export async function namedElsewhere(
  db: Db,
  uploadId: string,
  instanceIds: readonly number[],
): Promise<ReadonlySet<number>> {
  const rows = await db
    .selectFrom('upload_instance')
    .select('instance_id')
    .where('upload_id', '<>', uploadId)
    .where('instance_id', 'in', idList(instanceIds))
    .execute();
  return new Set(rows.map(({ instance_id }) => Number(instance_id)));
}

/** The upload no longer names these instances. */
export async function unlinkInstances(
  trx: Trx,
  uploadId: string,
  instanceIds: ReadonlySet<number>,
): Promise<void> {
  if (instanceIds.size === 0) return;
  await trx
    .deleteFrom('upload_instance')
    .where('upload_id', '=', uploadId)
    .where('instance_id', 'in', idList([...instanceIds]))
    .execute();
}

/** False: the device already has a parcel with this id in this upload. */
export async function insertParcel(
  db: Db,
  parcel: Omit<Insertable<ParcelTable>, 'created_at' | 'state' | 'damaged' | 'runs' | 'failures'>,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('parcel')
    .values({ ...parcel, state: 'receiving' })
    .onConflict((conflict) => conflict.columns(['upload_id', 'device_parcel_id']).doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

type ParcelMove = {
  readonly from: ParcelRow['state'];
  readonly to: ParcelRow['state'];
  readonly damaged?: number;
};

/** False: the parcel was not in `from`. */
export async function moveParcel(
  trx: Db,
  parcelId: string,
  { from, to, damaged = 0 }: ParcelMove,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('parcel')
    .set({ state: to, damaged })
    .where('id', '=', parcelId)
    .where('state', '=', from)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Counts a run of verify on the parcel before the run begins, because a run that kills the process cannot be counted
 * afterwards. `-1` takes the count of a run back that ended without trying.
 */
export const countRun = (db: Db, parcelId: string, by: 1 | -1): Promise<void> =>
  count(db, parcelId, 'runs', by);

/** Counts a run of verify on the parcel that failed without killing the gateway. */
export const countFailure = (db: Db, parcelId: string): Promise<void> => count(db, parcelId, 'failures', 1);

async function count(db: Db, parcelId: string, what: 'runs' | 'failures', by: 1 | -1): Promise<void> {
  await db
    .updateTable('parcel')
    .set((column) => ({ [what]: column(what, '+', by) }))
    .where('id', '=', parcelId)
    .execute();
}

/** Frees the device's id of a damaged parcel, so that the parcel can be sent again. Its valid instances stay. */
export async function setAsideDamaged(db: Db, parcel: ParcelRow): Promise<void> {
  await db
    .updateTable('parcel')
    .set({ device_parcel_id: `${parcel.device_parcel_id} ${parcel.id}` })
    .where('id', '=', parcel.id)
    .where('device_parcel_id', '=', parcel.device_parcel_id)
    .execute();
}

/** Deletes those parcels that are still unfinished, and returns them. A parcel that was completed meanwhile stays. */
export async function deleteUnfinished(trx: Trx, parcelIds: readonly string[]): Promise<readonly string[]> {
  if (parcelIds.length === 0) return [];
  const rows = await trx
    .deleteFrom('parcel')
    .where('id', 'in', [...parcelIds])
    .where('state', '=', 'receiving')
    .returning('id')
    .execute();
  return rows.map(({ id }) => id);
}

export async function deleteParcels(trx: Trx, parcelIds: readonly string[]): Promise<void> {
  if (parcelIds.length === 0) return;
  await trx
    .updateTable('instance')
    .set({ parcel_id: null, body_offset: null, restored: null })
    .where('parcel_id', 'in', [...parcelIds])
    .execute();
  await trx
    .deleteFrom('parcel')
    .where('id', 'in', [...parcelIds])
    .execute();
}

/**
 * Instances of the study are needed again: verified parcels that may hold them can be sent again under the device's own
 * ids.
 */
export async function reopenParcels(trx: Db, studyId: string): Promise<void> {
  await trx
    .updateTable('parcel')
    .set((column) => ({ damaged: column('damaged', '+', 1) }))
    .where('study_id', '=', studyId)
    .where('state', '=', 'verified')
    .execute();
}

export async function parcelsOfStudy(db: Db, studyId: string): Promise<readonly ParcelRow[]> {
  return db.selectFrom('parcel').selectAll().where('study_id', '=', studyId).orderBy('created_at').execute();
}

/** Complete parcels that verify has not processed yet. */
export async function unverifiedParcels(
  db: Db,
  where: { uploadId?: string; studyId?: string },
): Promise<readonly string[]> {
  let query = db.selectFrom('parcel').select('id').where('state', '=', 'received');
  if (where.uploadId !== undefined) query = query.where('upload_id', '=', where.uploadId);
  if (where.studyId !== undefined) query = query.where('study_id', '=', where.studyId);
  return (await query.execute()).map(({ id }) => id);
}

/** Parcels of the upload that are on their way. */
export async function unfinishedParcels(db: Db, uploadId: string): Promise<readonly string[]> {
  return (
    await db
      .selectFrom('parcel')
      .select('id')
      .where('upload_id', '=', uploadId)
      .where('state', '=', 'receiving')
      .execute()
  ).map(({ id }) => id);
}

/** The device's ids of the upload's parcels that were begun and not yet verified. */
export async function begunParcels(db: Db, uploadId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('parcel')
    .select('device_parcel_id')
    .where('upload_id', '=', uploadId)
    .where('state', 'in', ['receiving', 'received'])
    .where('damaged', '=', 0)
    .execute();
  return rows.map(({ device_parcel_id }) => device_parcel_id);
}

/** Unfinished parcels that will not be continued: too old, or of a disabled account. */
export async function expiredParcels(db: Db, now: Date): Promise<readonly ParcelRow[]> {
  return db
    .selectFrom('parcel')
    .innerJoin('upload', 'upload.id', 'parcel.upload_id')
    .leftJoin('account', 'account.id', 'upload.account_id')
    .selectAll('parcel')
    .where('parcel.state', '=', 'receiving')
    .where((where) =>
      where.or([where('parcel.expires_at', '<', now), where('account.disabled_at', 'is not', null)]),
    )
    .execute();
}

export async function parcelStates(db: Db): Promise<ReadonlyMap<string, ParcelRow['state']>> {
  return new Map(
    (await db.selectFrom('parcel').select(['id', 'state']).execute()).map(({ id, state }) => [id, state]),
  );
}
