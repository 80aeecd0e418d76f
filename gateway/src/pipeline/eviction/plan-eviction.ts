/**
 * Eviction: finds which parcels of a study the gateway no longer needs. Two kinds of parcel stay: those with a
 * quarantined instance, because a person may still release it, and those from which a copy still has instances to hand
 * over. All others go, and the study's key goes with the last one. A study is closed even while its copies are under
 * way: the last copy then removes parcels and key.
 *
 * The rows are deleted first, the key and the bytes once that is committed. Until then a person may still retry
 * instances that were left out.
 */
import { isSettled, type InstanceState } from '#shared/protocol/study-state.ts';
import { parcelsForCopies } from '../stores/copy.store.ts';
import { instancesOf, type InstanceRow } from '../stores/instance.store.ts';
import { parcelsOfStudy } from '../stores/parcel.store.ts';
import { nothingToDo, type LockedStudy, type Plan, type Planner } from '../plan/study-plan.ts';
import type { StudyRow } from '../stores/study.store.ts';

type Tools = { readonly apply: (planner: Planner, studyId: string) => Promise<unknown> };

/**
 * For a copy, first releases the parcels that its original kept for it, so that after a crash in between the copy tries
 * again.
 */
export async function evictStudy(study: StudyRow, { apply }: Tools): Promise<Planner> {
  if (study.copy_of !== null) await apply(planRelease, study.copy_of);
  return planEviction;
}

async function planEviction({ study, db }: LockedStudy): Promise<Plan> {
  if (study.state !== 'receipted') return nothingToDo('elsewhere');
  const instances = await instancesOf(db, study.id);
  // This should not happen. If a fault leads here, the study starts its way again instead of losing an instance.
  if (instances.some(({ state }) => !isSettled(state)))
    return {
      outcome: 'unsettled',
      event: 'late-instance',
      next: [{ queue: 'assembly', studyId: study.id }],
      audit: { event: 'study-unsettled', revision: study.revision },
    };
  const isHeld = instances.some(({ state }) => HOLDING[study.need ?? 'required'].includes(state));
  const { parcelIds, ...removal } = await removalOf({ study, db }, instances, isHeld);
  return {
    ...removal,
    outcome: isHeld ? 'held' : 'closed',
    event: isHeld ? 'evicted-but-held' : 'evicted',
    audit: { event: 'study-evicted', revision: study.revision, parcels: parcelIds.length, held: isHeld },
  };
}

/**
 * Instances in these states wait for a person. A refusal by an `also` destination appears only in that destination's
 * list.
 */
const HOLDING: Record<NonNullable<StudyRow['need']>, readonly InstanceState[]> = {
  required: ['quarantined'],
  also: ['quarantined', 'refused'],
};

/** An original that has come to rest releases the parcels that it kept for its copies. */
const planRelease: Planner = async ({ study, db }) => {
  if (study.state !== 'held' && study.state !== 'closed') return nothingToDo('elsewhere');
  const instances = await instancesOf(db, study.id);
  const { parcelIds, ...removal } = await removalOf({ study, db }, instances, study.state === 'held');
  return parcelIds.length === 0 ? nothingToDo('kept') : { ...removal, outcome: 'released' };
};

type Removal = Pick<Plan, 'changes' | 'effects'> & { readonly parcelIds: readonly string[] };

/** `isHeld`: the key stays, because held instances still need it. */
async function removalOf(
  { study, db }: LockedStudy,
  instances: readonly InstanceRow[],
  isHeld: boolean,
): Promise<Removal> {
  const needed = (await parcelsForCopies(db, study.id)).union(
    new Set(instances.flatMap(({ state, parcel_id: id }) => (state === 'quarantined' && id ? [id] : []))),
  );
  const parcelIds = (await parcelsOfStudy(db, study.id)).map(({ id }) => id).filter((id) => !needed.has(id));
  const keepsKey = isHeld || needed.size > 0;
  const { wrapped_key: wrappedKey } = study;
  return {
    parcelIds,
    changes: [{ kind: 'delete-parcels', parcelIds }, ...(keepsKey ? [] : [{ kind: 'forget-key' } as const])],
    effects: [
      ...(keepsKey || wrappedKey === null ? [] : [{ kind: 'destroy-key', wrappedKey } as const]),
      { kind: 'remove-parcel-blobs', parcelIds },
    ],
  };
}
