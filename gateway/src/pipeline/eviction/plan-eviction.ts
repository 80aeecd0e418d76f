/**
 * Eviction: which parcels of a study the gateway no longer needs. One that holds a quarantined instance
 * stays, for a person may still release it; everything else goes, and with the last one the study's key.
 */
import { isSettled, type InstanceState } from '#shared/protocol/study-state.ts';

export type EvictionPlan = { readonly remove: readonly string[]; readonly held: boolean };

export function planEviction(
  parcels: readonly { readonly id: string }[],
  instances: readonly { readonly parcel_id: string | null; readonly state: InstanceState }[],
): EvictionPlan {
  const needed = new Set(
    instances
      .filter(({ state }) => state === 'quarantined' || !isSettled(state))
      .map((instance) => instance.parcel_id),
  );
  return {
    remove: parcels.map(({ id }) => id).filter((id) => !needed.has(id)),
    held: instances.some(({ state }) => state === 'quarantined'),
  };
}
