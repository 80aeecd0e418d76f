/**
 * Where an upload stands, as one answer: for `GET /upload/{id}/status`, for the event stream and for the
 * list. Reads only.
 */
import type { Kysely } from 'kysely';
import type { Counts, InstanceStatus, UploadStatus } from '#shared/protocol/api.ts';
import { isInPacs, type InstanceState, type StudyState } from '#shared/protocol/study-state.ts';
import type { Tables } from '../database/tables.ts';
import type { UploadOwner } from '../pipeline/upload-owner.ts';

type Db = Kysely<Tables>;

/** At the gateway, verified, not yet confirmed. */
const AT_GATEWAY: readonly InstanceState[] = ['received', 'posting', 'posted'];

/** Null: there is no such upload. `instances`: with each instance, in the manifest's order. */
export async function uploadStatus(
  db: Db,
  uploadId: string,
  instances: boolean,
): Promise<UploadStatus | null> {
  const row = await db
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .leftJoin('receipt', (join) =>
      join.onRef('receipt.study_id', '=', 'study.id').onRef('receipt.revision', '=', 'study.revision'),
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
    .select(['upload.study_id', 'upload.completed_at'])
    .where('upload.id', '=', uploadId)
    .executeTakeFirst();
  if (row === undefined) return null;
  const sums = await amounts(db, uploadId);
  const waiting =
    row.waiting_because === null
      ? await waitingForOthers(db, row, sums.counts)
      : { because: row.waiting_because, since: (row.waiting_since ?? new Date(0)).toISOString() };
  return {
    uploadId,
    studyInstanceUID: row.study_instance_uid,
    state: row.state,
    revision: row.revision,
    policy: row.policy_name,
    ...sums,
    waiting,
    receipt: row.receipt_id === null ? null : { id: row.receipt_id, href: `/upload/${uploadId}/receipt` },
    ...(instances ? { instances: await instanceStatuses(db, uploadId) } : {}),
  };
}

/** Since when this upload is complete while its study is not; null where that is not so. */
async function waitingForOthers(
  db: Db,
  { state, study_id, completed_at }: { state: StudyState; study_id: string; completed_at: Date | null },
  counts: Counts,
): Promise<UploadStatus['waiting']> {
  const settled = counts.atGateway + counts.inPacs + counts.refused + counts.quarantined + counts.leftOut;
  if (state !== 'receiving' || completed_at === null || settled < counts.promised) return null;
  const row = await db
    .selectFrom('instance')
    .select((of) => of.fn.min('updated_at').as('since'))
    .where('study_id', '=', study_id)
    .where('state', '=', 'promised')
    .executeTakeFirst();
  if (!row?.since) return null;
  return {
    because: 'other-device',
    since: new Date(Math.max(row.since.getTime(), completed_at.getTime())).toISOString(),
  };
}

async function amounts(db: Db, uploadId: string): Promise<Pick<UploadStatus, 'counts' | 'bytes'>> {
  const rows = await db
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select([
      'instance.state',
      (of) => of.fn.countAll<string | number>().as('count'),
      (of) => of.fn.sum<string | number>('instance.bytes').as('bytes'),
    ])
    .where('upload_instance.upload_id', '=', uploadId)
    .groupBy('instance.state')
    .execute();
  const sum = (of: 'count' | 'bytes', which: (state: InstanceState) => boolean) =>
    rows.filter(({ state }) => which(state)).reduce((total, row) => total + Number(row[of]), 0);
  const atGateway = (state: InstanceState) => AT_GATEWAY.includes(state);
  return {
    counts: {
      promised: sum('count', () => true),
      atGateway: sum('count', atGateway),
      inPacs: sum('count', isInPacs),
      refused: sum('count', (state) => state === 'refused'),
      quarantined: sum('count', (state) => state === 'quarantined'),
      leftOut: sum('count', (state) => state === 'left-out'),
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
    .select(['instance.sop_instance_uid', 'instance.digest', 'instance.state', 'instance.reason'])
    .where('upload_instance.upload_id', '=', uploadId)
    .orderBy('upload_instance.position')
    .execute();
  return rows.map(({ sop_instance_uid, digest, state, reason }) => ({
    sopInstanceUID: sop_instance_uid,
    digest,
    state,
    ...(reason === null ? {} : { reason }),
  }));
}

/** The instances still to send: promised, and not in a parcel that waits for verify. */
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

/** The uploads of which one of these studies is told; newest first. */
export async function uploadIds(
  db: Db,
  where: { owner?: UploadOwner; studyId?: string; siteId?: string },
  limit: number,
): Promise<readonly string[]> {
  let query = db.selectFrom('upload').select('id').orderBy('created_at', 'desc').limit(limit);
  if (where.owner !== undefined) query = query.where('account_id', '=', where.owner.accountId);
  if (where.owner && where.owner.deviceId !== null)
    query = query.where('device_id', '=', where.owner.deviceId);
  if (where.siteId !== undefined) query = query.where('site_id', '=', where.siteId);
  if (where.studyId !== undefined) query = query.where('study_id', '=', where.studyId);
  return (await query.execute()).map(({ id }) => id);
}
