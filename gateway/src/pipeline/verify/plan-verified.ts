/** Turns verify's findings about a parcel into a plan: each instance gets its place or its reason. */
import { countStates, keepThoseIn, type InstanceChange } from '../stores/instance.store.ts';
import { findParcel, type OwnedParcel } from '../stores/parcel.store.ts';
import {
  countsAfter,
  isComplete,
  nothingToDo,
  type Change,
  type Effect,
  type LockedStudy,
  type Plan,
} from '../plan/study-plan.ts';
import type { Place } from './read-part.ts';
import type { VerifiedInstance, VerifyOutcome } from './verify-parcel.ts';

/**
 * Sent this often and never as promised: either the file keeps changing on the device, or something on the way changes
 * it.
 */
const ATTEMPTS_LIMIT = 4;

export type VerifiedParcel = {
  readonly parcel: OwnedParcel;
  readonly outcome: VerifyOutcome;
  /** How often each promised instance came damaged before. */
  readonly damages: ReadonlyMap<number, number>;
  /** The blob with the restored instances; null: the parcel's bytes are gone. */
  readonly restoredId: string | null;
};

export async function planVerified({ study, db }: LockedStudy, found: VerifiedParcel): Promise<Plan> {
  const { parcel, outcome, restoredId } = found;
  const removeRestored: Effect[] = restoredId === null ? [] : [removeBlob(restoredId)];
  // Another run finished first: its instances already have their place in the parcel.
  if ((await findParcel(db, parcel.id))?.state !== parcel.state)
    return { ...nothingToDo('elsewhere'), effects: removeRestored };
  // Skip instances that another parcel has brought in the meantime, or another study has taken over.
  const instances = await keepThoseIn(db, study.id, ['promised'], outcome.instances);
  const changes = instances.map((instance) => toChange(instance, found));
  const left = countsAfter(await countStates(db, study.id), 'promised', changes);
  const counts = countKinds(instances);
  const damaged = countKinds(outcome.instances).damaged + (outcome.broken === null ? 0 : 1);
  const isUseful = counts.received + counts.quarantined > 0;
  return {
    outcome: damaged > 0 ? 'damaged' : 'verified',
    changes: [
      { kind: 'move-parcel', parcelId: parcel.id, from: parcel.state, to: 'verified', damaged },
      { kind: 'change-instances', from: ['promised'], changes },
      ...(isUseful ? [] : [{ kind: 'delete-parcels', parcelIds: [parcel.id] } satisfies Change]),
      ...(restoredId === null ? [] : [{ kind: 'stop-waiting', because: 'storage-full' } satisfies Change]),
      { kind: 'stop-waiting', because: 'gateway-failed' },
    ],
    next: isComplete(left) ? [{ queue: 'assembly', studyId: study.id }] : [],
    audit: { event: 'parcel-verified', parcelId: parcel.id, ...counts },
    effects: [
      ...(needsRestored(instances) ? [] : removeRestored),
      ...removeUnneeded(parcel.id, instances, isUseful),
      ...toLines(found, instances, damaged),
      { kind: 'count-bytes', stage: 'verify', count: parcel.bytes },
      { kind: 'count-instances', state: 'received', count: counts.received },
    ],
  };
}

const removeBlob = (id: string): Effect => ({ kind: 'remove-blobs', blobIds: [id] });

function placesOf(instances: readonly VerifiedInstance[]): readonly Place[] {
  return instances.flatMap((instance) =>
    'place' in instance && instance.place !== null ? [instance.place] : [],
  );
}

const needsRestored = (instances: readonly VerifiedInstance[]): boolean =>
  placesOf(instances).some(({ isRestored }) => isRestored);

/** If every instance came coded and is restored, the parcel's own blob is no longer needed. */
function removeUnneeded(
  parcelId: string,
  instances: readonly VerifiedInstance[],
  isUseful: boolean,
): readonly Effect[] {
  if (!isUseful) return [{ kind: 'remove-parcel-blobs', parcelIds: [parcelId] }];
  return placesOf(instances).every(({ isRestored }) => isRestored) ? [removeBlob(parcelId)] : [];
}

function toChange(
  instance: VerifiedInstance,
  { parcel, restoredId, damages: before }: VerifiedParcel,
): InstanceChange {
  const { id } = instance;
  const placed = (place: Place | null): NonNullable<InstanceChange['place']> | null =>
    place && { parcelId: parcel.id, offset: place.offset, restored: place.isRestored ? restoredId : null };
  switch (instance.kind) {
    case 'received':
      return { id, state: 'received', reason: null, place: placed(instance.place), damages: 0 };
    case 'quarantined':
      return { id, state: 'quarantined', reason: instance.because, place: placed(instance.place) };
    case 'refused':
      return { id, state: 'refused', reason: instance.because };
    case 'damaged': {
      const damages = (before.get(id) ?? 0) + 1;
      return damages < ATTEMPTS_LIMIT
        ? { id, state: 'promised', damages }
        : { id, state: 'refused', reason: 'digest-mismatch', damages };
    }
    default:
      return instance satisfies never;
  }
}

function toLines(
  { parcel, outcome }: VerifiedParcel,
  instances: readonly VerifiedInstance[],
  damaged: number,
): readonly Effect[] {
  const of = { studyId: parcel.study_id, parcelId: parcel.id };
  const unverified = instances.filter(
    (instance) => instance.kind === 'quarantined' && instance.because === 'cannot-be-verified',
  ).length;
  const { unpromised, broken } = outcome;
  const lines: Effect[] = [];
  if (damaged > 0)
    lines.push({
      kind: 'log',
      line: { event: 'parcel-damaged', ...of, damaged, offset: broken?.offset ?? -1 },
    });
  if (unverified > 0)
    lines.push({ kind: 'log', line: { event: 'instances-not-verified', ...of, count: unverified } });
  if (unpromised > 0)
    lines.push({ kind: 'log', line: { event: 'unpromised-instances', ...of, count: unpromised } });
  return lines;
}

function countKinds(
  instances: readonly VerifiedInstance[],
): Readonly<Record<VerifiedInstance['kind'], number>> {
  const count = (kind: VerifiedInstance['kind']) =>
    instances.filter((instance) => instance.kind === kind).length;
  return {
    received: count('received'),
    refused: count('refused'),
    quarantined: count('quarantined'),
    damaged: count('damaged'),
  };
}
