/**
 * Eviction: which parcels of a study the gateway no longer needs. One that holds a quarantined instance
 * stays, because a person may still release it; everything else goes, and with the last one the study's key.
 *
 * The rows go first, key and bytes once that is committed: until then a person may still retry instances that
 * were left out.
 */
import { isSettled, type InstanceState } from '#shared/protocol/study-state.ts';
import { instancesOf } from '../instance.store.ts';
import { parcelsOfStudy } from '../parcel.store.ts';
import { nothingToDo, type Effect, type LockedStudy, type Plan } from '../study-plan.ts';

export async function planEviction({ study, db }: LockedStudy): Promise<Plan> {
  if (study.state !== 'receipted') return nothingToDo('elsewhere');
  const instances = await instancesOf(db, study.id);
  // No road leads here; if a fault did, the study starts its way again instead of losing an instance.
  if (instances.some(({ state }) => !isSettled(state)))
    return {
      outcome: 'unsettled',
      event: 'late-instance',
      next: [{ queue: 'assembly', studyId: study.id }],
      audit: { event: 'study-unsettled', revision: study.revision },
    };
  const isHeld = instances.some(({ state }) => state === 'quarantined');
  const parcelIds = unneededParcels(await parcelsOfStudy(db, study.id), instances);
  const removed: Effect = { kind: 'remove-parcel-blobs', parcelIds };
  const { wrapped_key: wrappedKey } = study;
  return {
    outcome: isHeld ? 'held' : 'closed',
    changes: [{ kind: 'delete-parcels', parcelIds }, ...(isHeld ? [] : [{ kind: 'forget-key' } as const])],
    event: isHeld ? 'evicted-but-held' : 'evicted',
    audit: { event: 'study-evicted', revision: study.revision, parcels: parcelIds.length, held: isHeld },
    effects: isHeld || wrappedKey === null ? [removed] : [{ kind: 'destroy-key', wrappedKey }, removed],
  };
}

function unneededParcels(
  parcels: readonly { readonly id: string }[],
  instances: readonly { readonly parcel_id: string | null; readonly state: InstanceState }[],
): readonly string[] {
  const needed = new Set(
    instances.filter(({ state }) => state === 'quarantined').map((instance) => instance.parcel_id),
  );
  return parcels.map(({ id }) => id).filter((id) => !needed.has(id));
}
