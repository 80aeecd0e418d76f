/**
 * A parcel of instances that the gateway has opened itself, under a policy that leaves them as they are. The thread
 * that opened them has read these very bytes as verify would, and made their digest. They are not read again until they
 * go to the PACS, where the digest is compared.
 */
import type { StudyAudit } from '../plan/audit-study.ts';
import { instancesByKey } from '../stores/instance.store.ts';
import { findParcel } from '../stores/parcel.store.ts';
import type { PipelineTools } from '../plan/pipeline-tools.ts';
import type { Planner } from '../plan/study-plan.ts';
import { planVerified } from './plan-verified.ts';
import type { VerifiedInstance } from './verify-parcel.ts';

/** `places`: where each instance begins in the parcel. `policy`: the policy under which they were read. */
export type OpenedParcel = {
  readonly parcelId: string;
  readonly policy: { readonly name: string; readonly version: number };
  readonly places: readonly {
    readonly sopInstanceUID: string;
    readonly digest: string;
    readonly offset: number;
  }[];
};

/** Null where verify has to look: an instance was promised under another policy, or the parcel has changed. */
export async function planOpened(
  { db, blobs }: Pick<PipelineTools, 'db' | 'blobs'>,
  { parcelId, policy, places }: OpenedParcel,
): Promise<{ readonly studyId: string; readonly planner: Planner } | null> {
  const parcel = await findParcel(db, parcelId);
  if (parcel?.state !== 'receiving' || (await blobs.size(parcelId)) !== parcel.bytes) return null;
  const rows = (await instancesByKey(db, parcel.study_id, places)).filter(
    ({ state }) => state === 'promised',
  );
  const isOther = rows.some(
    (row) => row.policy_name !== policy.name || row.policy_version !== policy.version,
  );
  if (isOther) return null;
  await blobs.sync(parcelId);
  const offsets = new Map(
    places.map(({ sopInstanceUID, digest, offset }) => [`${sopInstanceUID} ${digest}`, offset]),
  );
  const instances = rows.map((row): VerifiedInstance => {
    const offset = offsets.get(`${row.sop_instance_uid} ${row.digest}`)!;
    return { id: row.id, kind: 'received', place: { offset, isRestored: false } };
  });
  const outcome = { instances, unpromised: places.length - instances.length, broken: null };
  const { study_id: studyId, upload_id: uploadId, bytes } = parcel;
  const received: StudyAudit = { event: 'parcel-received', uploadId, parcelId, bytes };
  const planner: Planner = async (locked) => {
    const plan = await planVerified(locked, { parcel, outcome, damages: new Map(), restoredId: null });
    return plan.audit == null ? plan : { ...plan, audit: [received, plan.audit].flat() };
  };
  return { studyId, planner };
}
