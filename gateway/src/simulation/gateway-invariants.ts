/**
 * The gateway's invariants (protocol/states.md, Invariants), checked after each step against the database, the
 * disk, the keys, the receipts and the PACS.
 */
import { decodeJwt } from 'jose';
import { sql } from 'kysely';
import * as assert from 'uvu/assert';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { isInPacs, isSettled, type InstanceState, type StudyState } from '#shared/protocol/study-state.ts';
import { sha256 } from '#testing/sha256.ts';
import type { World } from './simulated-world.ts';
import { blobOf, parcelOf } from '../pipeline/stores/parcel-blobs.ts';

type Instance = {
  readonly id: number;
  readonly study_id: string;
  readonly sop_instance_uid: string;
  readonly digest: string;
  readonly bytes: number;
  readonly state: InstanceState;
  readonly reason: ReasonCode | null;
  readonly parcel_id: string | null;
  readonly body_offset: number | null;
  readonly restored: string | null;
  readonly posted_at: string | null;
  readonly brought: boolean;
};
type Study = {
  readonly id: string;
  readonly state: StudyState;
  readonly revision: number;
  readonly wrapped_key: string | null;
};
type Parcel = { readonly id: string; readonly study_id: string; readonly state: string };
type Issued = {
  readonly id: string;
  readonly study_id: string;
  readonly upload_id: string;
  readonly revision: number;
  readonly jws: string;
};
/** An instance that an upload named; null: it named none. */
type Promised = {
  readonly upload_id: string;
  readonly study_id: string;
  readonly account_id: string;
  readonly instance_id: number | null;
};

export type Snapshot = {
  readonly studies: readonly Study[];
  readonly instances: readonly Instance[];
  readonly parcels: readonly Parcel[];
  readonly receipts: readonly Issued[];
  readonly promises: readonly Promised[];
  /** How often the PACS was given each SOP Instance UID. */
  readonly posted: ReadonlyMap<string, number>;
};

/** All that the database says of the world, in one question. */
export async function look({ ground, siteId }: World): Promise<Snapshot> {
  const {
    rows: [row],
  } = await sql<{ all: Omit<Snapshot, 'posted'> }>`
    select json_build_object(
      'studies', (select coalesce(json_agg(s), '[]') from (select id, state, revision, encode(wrapped_key, 'hex') as wrapped_key from study where site_id = ${siteId}::uuid) s),
      'instances', (select coalesce(json_agg(i order by i.id), '[]') from instance i where i.site_id = ${siteId}::uuid),
      'parcels', (select coalesce(json_agg(p), '[]') from (select id, study_id, state from parcel where site_id = ${siteId}::uuid) p),
      'promises', (select coalesce(json_agg(l), '[]') from (select u.id as upload_id, u.study_id, u.account_id, l.instance_id
        from upload u left join upload_instance l on l.upload_id = u.id where u.site_id = ${siteId}::uuid) l),
      'receipts', (select coalesce(json_agg(r order by r.revision), '[]') from receipt r where r.site_id = ${siteId}::uuid)) as all`.execute(
    ground.pipeline.tools.db,
  );
  return { ...row!.all, posted: new Map(ground.pacs.posted) };
}

/** `before`: as it was before the last step. */
export function check(world: World, before: Snapshot, now: Snapshot): void {
  checkInstances(world, now);
  checkStranger(world, now);
  checkMoves(world, before, now);
  for (const study of now.studies) {
    checkKeys(world, study, now);
    checkReceipts(study, before, now);
  }
}

const INACTIVE: readonly InstanceState[] = ['refused', 'left-out', 'quarantined'];

function checkInstances(
  { ground: { pacs, blobs, doubled }, upsets, lostFromPacs, isSpoolLost }: World,
  { instances }: Snapshot,
): void {
  assert.equal(doubled, [], 'I9: what the PACS has is not posted');
  const active = Map.groupBy(
    instances.filter(({ state }) => !INACTIVE.includes(state)),
    (row) => `${row.sop_instance_uid} of ${row.study_id}`,
  );
  for (const [uid, same] of active) assert.ok(same.length === 1, `I2: ${same.length} instances under ${uid}`);
  const stored = Map.groupBy(
    instances.filter(({ state, sop_instance_uid }) => isInPacs(state) && !lostFromPacs.has(sop_instance_uid)),
    (row) => row.sop_instance_uid,
  );
  for (const [uid, same] of stored)
    assert.is(new Set(same.map(({ digest }) => digest)).size, 1, `I2: two contents of ${uid} in the PACS`);
  for (const row of instances) {
    const held = pacs.held.get(row.sop_instance_uid);
    if (isInPacs(row.state) && !lostFromPacs.has(row.sop_instance_uid))
      assert.is(held && sha256(held.bytes), row.digest, `I1: ${row.state}`);
    assert.ok((pacs.posted.get(row.sop_instance_uid) ?? 0) <= 1 + 3 * upsets, 'I9: posted too often');
    if (row.state === 'received' || row.state === 'posting') assert.ok(row.parcel_id !== null, 'I8: a place');
    if (row.reason === 'pacs-lost' && !isSpoolLost)
      assert.ok(row.parcel_id !== null, 'I8: what the PACS lost is kept');
    const mustBeHere =
      row.parcel_id !== null && (!isSettled(row.state) || row.state === 'quarantined') && !isSpoolLost;
    if (mustBeHere)
      assert.ok(
        (blobs.held.get(blobOf(row)!)?.bytes.length ?? 0) >= row.body_offset! + row.bytes,
        `I8: the bytes of one that is ${row.state}`,
      );
  }
}

/**
 * Only a person, or a device that names it again, moves a settled instance; a confirmed one is not posted
 * again.
 */
function checkMoves(
  { ground: { pacs }, lostFromPacs, isSpoolLost }: World,
  before: Snapshot,
  now: Snapshot,
): void {
  const after = new Map(now.instances.map((row) => [row.id, row]));
  for (const was of before.instances) {
    const is = after.get(was.id);
    if (is === undefined) {
      assert.ok(
        !isInPacs(was.state) && (was.parcel_id === null || isSettled(was.state) || isSpoolLost),
        `I14: nothing of ${was.state} is forgotten`,
      );
      continue;
    }
    assert.equal(
      [is.digest, is.sop_instance_uid],
      [was.digest, was.sop_instance_uid],
      'I14: a promise is not changed',
    );
    if (isInPacs(was.state) && !lostFromPacs.has(was.sop_instance_uid))
      assert.is(is.state, was.state, `I14: ${was.state} became ${is.state}`);
    if (was.state === 'posting' || was.state === 'posted')
      assert.ok(is.state !== 'left-out', `I14: ${was.state} was left out`);
    if (is.state === 'left-out' && !isSettled(was.state))
      assert.ok(!wasStored(pacs, now, is), `I14: ${was.state} was left out, though the PACS has it`);
    if (isInPacs(was.state) && is.state === was.state && !lostFromPacs.has(was.sop_instance_uid)) {
      assert.is(
        now.posted.get(was.sop_instance_uid) ?? 0,
        before.posted.get(was.sop_instance_uid) ?? 0,
        'I9: what is confirmed is not posted again',
      );
    }
  }
}

/** By us. */
function wasStored(pacs: World['ground']['pacs'], { posted }: Snapshot, row: Instance): boolean {
  const held = pacs.held.get(row.sop_instance_uid);
  return (
    row.posted_at !== null &&
    held !== undefined &&
    sha256(held.bytes) === row.digest &&
    (posted.get(row.sop_instance_uid) ?? 0) > 0
  );
}

function checkKeys(
  { ground: { blobs, keys }, wasKilled }: World,
  study: Study,
  { instances, parcels }: Snapshot,
): void {
  const own = instances.filter((row) => row.study_id === study.id);
  if (study.state !== 'closed') {
    if (own.some((row) => row.parcel_id !== null))
      assert.ok(study.wrapped_key !== null, 'I8: the key is there');
    if (study.wrapped_key !== null) assert.ok(keys.living.has(study.wrapped_key), 'I8: it is not destroyed');
    return;
  }
  assert.is(study.wrapped_key, null, 'I8: a closed study has no key');
  assert.equal(
    parcels.filter((parcel) => parcel.study_id === study.id),
    [],
    'I8: nor a parcel',
  );
  // A process that died between the commit and the deletion left it to expiry.
  if (!wasKilled) assert.ok(![...keys.living.values()].includes(study.id), 'I8: its key is destroyed');
  const here = new Set(parcels.map(({ id }) => id));
  if (!wasKilled)
    assert.equal(
      [...blobs.held.keys()].filter((id) => !here.has(parcelOf(id))),
      [],
      'I8: nothing of it lies on the disk',
    );
}

function checkReceipts(study: Study, before: Snapshot, { instances, receipts, promises }: Snapshot): void {
  const named = promises.filter(({ study_id }) => study_id === study.id);
  const own = receipts.filter((receipt) => receipt.study_id === study.id);
  assert.equal(
    own.map(({ revision }) => revision),
    own.map((_, nth) => own[0]!.revision + nth),
    'I5: one receipt a revision',
  );
  const newest = own.find(({ revision }) => revision === study.revision);
  // An upload that was taken back has those that it had, and gets no more.
  const isTakenBack = named.length === 0;
  if (!isTakenBack)
    assert.is(
      newest !== undefined,
      ['receipted', 'closed', 'held'].includes(study.state),
      `I5: a receipt exactly when ${study.state}`,
    );
  for (const was of before.receipts)
    assert.is(receipts.find(({ id }) => id === was.id)?.jws, was.jws, 'I5: a receipt is never changed');
  const last = before.studies.find(({ id }) => id === study.id);
  if (last)
    assert.ok(
      study.revision >= last.revision && study.revision <= (own.at(-1)?.revision ?? 0) + 1,
      'I6: a revision grows after a receipt only',
    );
  if (newest === undefined || isTakenBack) return;
  const listed = (decodeJwt(newest.jws) as unknown as Receipt).instances;
  for (const { state } of listed) assert.ok(isSettled(state), 'I5: each is settled');
  const said = listed.map(({ sopInstanceUID, digest, state }) => `${sopInstanceUID} ${digest} ${state}`);
  const promised = new Set(
    named.filter(({ upload_id }) => upload_id === newest.upload_id).map(({ instance_id }) => instance_id),
  );
  const is = instances
    .filter(({ id }) => promised.has(id))
    .map((row) => `${row.sop_instance_uid} ${row.digest} ${row.state}`);
  assert.equal(said.sort(), is.sort(), 'I6: the receipt of this revision says what is, of its upload alone');
}

/** I18: nothing of the others comes to the stranger, who has brought nothing. */
function checkStranger({ stranger }: World, { instances, promises }: Snapshot): void {
  const own = new Set(
    promises.filter(({ account_id }) => account_id === stranger.accountId).map(({ study_id }) => study_id),
  );
  for (const row of instances.filter(({ study_id }) => own.has(study_id)))
    assert.ok(
      !row.brought && (row.state === 'promised' || row.reason === 'never-arrived'),
      `I18: what only was named is ${row.state}`,
    );
  const linked = new Map(instances.map(({ id, study_id }) => [id, study_id]));
  for (const { study_id, instance_id } of promises)
    if (instance_id !== null) assert.is(linked.get(instance_id), study_id, 'I18: no upload names another’s');
}

/** I18: all that was sent has come to its end, while the stranger still promises. */
export function checkNobodyWaits({ stranger }: World, { studies, instances, promises }: Snapshot): void {
  const foreign = new Set(
    promises.filter(({ account_id }) => account_id === stranger.accountId).map(({ study_id }) => study_id),
  );
  const open = new Set(instances.filter(({ state }) => state === 'promised').map(({ study_id }) => study_id));
  for (const { id, state } of studies)
    if (!foreign.has(id) && !open.has(id))
      assert.ok(state === 'closed' || state === 'held', `I18: a study that is all here stays ${state}`);
}

/** When all are honest and all work is done. */
export function checkEnd(
  { ground: { pacs, blobs, keys }, lostFromPacs }: World,
  { studies, instances, parcels }: Snapshot,
): void {
  for (const { state } of studies)
    assert.ok(state === 'closed' || state === 'held', `I13: it ends, in ${state}`);
  for (const row of instances) {
    assert.ok(isSettled(row.state), `I13: ${row.state} is settled`);
    if (!isInPacs(row.state)) assert.ok(row.reason !== null, `I13: ${row.state} has a reason`);
  }
  const held = new Set(instances.filter(({ state }) => state === 'quarantined').map((row) => row.parcel_id));
  assert.equal(
    parcels.filter(({ id }) => !held.has(id)),
    [],
    'I8: no parcel is kept but for a person',
  );
  assert.equal(
    [...blobs.held.keys()].filter((id) => !held.has(parcelOf(id))),
    [],
    'I8: nor a blob',
  );
  assert.equal(
    [...keys.living.keys()].sort(),
    studies.flatMap((study) => study.wrapped_key ?? []).sort(),
    'I8: nor a key',
  );
  // The gateway learns of a loss in the PACS when a device names the instance again.
  const believed = instances.filter(
    ({ state, sop_instance_uid: uid }) => isInPacs(state) && !lostFromPacs.has(uid),
  );
  for (const row of believed)
    assert.ok(pacs.held.has(row.sop_instance_uid), 'I13: what is called stored is there');
}
