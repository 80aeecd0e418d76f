/**
 * The changes that a stage wants, as values. apply-plan.ts carries them all out in one transaction, with the study's
 * row locked, or none of them.
 *
 * A stage first looks at bytes or at the PACS, for as long as that takes, and returns a planner. The planner is called
 * under the lock: it reads the present state, drops what no longer fits, and says what to change. So no plan is
 * overtaken by another. Planners read and never write.
 */
import type { Coercion } from '#shared/protocol/coercion.ts';
import type { Need } from '#shared/protocol/forms.ts';
import type { InstanceState, StudyEvent } from '#shared/protocol/study-state.ts';
import type { Db } from '../../database/database.ts';
import type { LogEvent } from '../../observability/log.ts';
import type { StudyAudit } from './audit-study.ts';
import type { CoercedInstance } from '../stores/copy.store.ts';
import type { InstanceChange } from '../stores/instance.store.ts';
import type { ParcelRow } from '../stores/parcel.store.ts';
import type { IssuedReceipt } from '../stores/receipt.store.ts';
import type { NextJob, Stage } from './stages.ts';
import type { StudyRow, Waiting } from '../stores/study.store.ts';

/** A study whose row stays locked until its plan is committed. `db`: the same transaction, for reading. */
export type LockedStudy = { readonly study: StudyRow; readonly db: Db };

export type Planner = (locked: LockedStudy) => Promise<Plan>;

export type Change =
  /** Changes instances that are still in one of the states `from`; the others stay as they are. */
  | {
      readonly kind: 'change-instances';
      readonly from: readonly InstanceState[];
      readonly changes: readonly InstanceChange[];
    }
  /** The whole plan is void if the parcel is no longer in `from`. */
  | {
      readonly kind: 'move-parcel';
      readonly parcelId: string;
      readonly from: ParcelRow['state'];
      readonly to: ParcelRow['state'];
      readonly damaged?: number;
    }
  /** The study's verified parcels may be sent again under the device's own ids. */
  | { readonly kind: 'reopen-parcels' }
  | { readonly kind: 'delete-parcels'; readonly parcelIds: readonly string[] }
  /** A copy takes over its original's new instances. */
  | { readonly kind: 'take-news' }
  /** A copy that was given up is sent again. */
  | { readonly kind: 'resume-copy'; readonly need: Need }
  /** Values that a copy's destination wants in the instances it is still to get; null: none. */
  | { readonly kind: 'set-coercion'; readonly coercion: Coercion | null }
  /** From now on a copy's instances are these bytes, made from the promised ones. */
  | { readonly kind: 'take-coerced'; readonly instances: readonly CoercedInstance[] }
  | { readonly kind: 'forget-key' }
  /** Makes a parcel for instances fetched from a PACS. `newKey`: used if the study has no key. */
  | {
      readonly kind: 'open-fetched';
      readonly parcelId: string;
      readonly uploadId: string;
      readonly bytes: number;
      readonly expiresAt: Date;
      readonly newKey: Uint8Array;
    }
  /** Forgets the requests for storage commitment. */
  | { readonly kind: 'forget-commitments' }
  /** The receipt of the study's present revision. */
  | ({ readonly kind: 'insert-receipt' } & IssuedReceipt)
  | { readonly kind: 'wait'; readonly because: Waiting }
  | { readonly kind: 'stop-waiting'; readonly because: Waiting };

/** Done after the commit. If the process dies first, expiry removes the blobs and the key. */
export type Effect =
  | { readonly kind: 'destroy-key'; readonly wrappedKey: Uint8Array }
  | { readonly kind: 'remove-blobs'; readonly blobIds: readonly string[] }
  /** All blobs of these parcels. */
  | { readonly kind: 'remove-parcel-blobs'; readonly parcelIds: readonly string[] }
  | { readonly kind: 'log'; readonly line: LogEvent }
  | { readonly kind: 'count-instances'; readonly state: string; readonly count: number }
  | { readonly kind: 'count-bytes'; readonly stage: Stage; readonly count: number };

export type Plan = {
  /** A word for the log. */
  readonly outcome: string;
  readonly changes?: readonly Change[];
  /** The whole plan is void if the event means nothing in the study's state. */
  readonly event?: StudyEvent | null;
  readonly next?: readonly NextJob[];
  readonly audit?: StudyAudit | readonly StudyAudit[] | null;
  readonly effects?: readonly Effect[];
};

/** A plan that changes nothing: the study is elsewhere, or not ready. */
export const nothingToDo = (outcome: string): Plan => ({ outcome });

/**
 * The study is complete: nothing promised is still awaited. This follows from the manifest, never from a quiet period:
 * every promised instance was received and verified, refused, quarantined or left out.
 */
export const isComplete = (counts: ReadonlyMap<InstanceState, number>): boolean =>
  (counts.get('promised') ?? 0) === 0;

/** The counts after `moved` have left the state `from`. */
export function countsAfter(
  counts: ReadonlyMap<InstanceState, number>,
  from: InstanceState,
  moved: readonly InstanceChange[],
): ReadonlyMap<InstanceState, number> {
  const after = new Map(counts);
  const add = (state: InstanceState, by: number): void => {
    const count = (after.get(state) ?? 0) + by;
    if (count > 0) after.set(state, count);
    else after.delete(state);
  };
  for (const { state } of moved) {
    add(from, -1);
    add(state, 1);
  }
  return after;
}
