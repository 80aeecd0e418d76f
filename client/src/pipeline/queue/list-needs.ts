/**
 * Everything on this device that cannot travel without a person, by study and by cause. Every number on any screen
 * that says how much that is, is the sum of this list. Pure.
 *  Held-back files that are chosen again are counted once: with the found study, where a person can look at them, and
 * no longer with the entry that held them before.
 */
import { sumOf } from './count-reasons.ts';
import type { LostStudy, Need, QueuedStudy } from './queued-study.ts';

/**
 * Causes in addition to those of a queued study. `mixed`: a found study names several patients; `lost`: the browser
 * cleared its storage; `foreign`: queued for another gateway; `no-room`: chosen, but there is no space for it.
 */
export type NeedCause = Need['cause'] | 'mixed' | 'lost' | 'foreign' | 'no-room';

/** A found study that Send skips, wholly or partly, until a person has looked at it. */
export interface HeldFound {
  readonly id: string;
  readonly studyInstanceUID: string;
  /** Whether Send takes the instances that are not listed here. */
  readonly isRestSent: boolean;
  /** Held instances of the study, by reason. */
  readonly reasons: readonly {
    readonly reason: string;
    readonly instances: number;
    /** Whether a person who looks at them may release them under the policy in force. */
    readonly isReleasable: boolean;
  }[];
  /** The patients, where the instances name several and nobody has decided about them. */
  readonly patients?: readonly PatientChoice[];
}

/** A patient whom a found study names. */
export interface PatientChoice {
  /** The keys by which the upload page knows the patient's files. */
  readonly keys: readonly string[];
  readonly instances: number;
}

export interface NeedsFacts {
  readonly studies: readonly QueuedStudy[];
  readonly lost: readonly LostStudy[];
  /** Instances that were queued for another gateway. */
  readonly foreign: number;
  readonly found: readonly HeldFound[];
  /** Instances that were chosen but do not fit on this device. */
  readonly noRoom: number;
}

export interface ListedNeed extends Omit<Need, 'cause'> {
  readonly cause: NeedCause;
  readonly study?: QueuedStudy;
  readonly found?: HeldFound;
  /** Whether held instances of a found study can be released (see `HeldFound`). */
  readonly isReleasable?: boolean;
  readonly lost?: LostStudy;
}

export function listNeeds({ studies, lost, foreign, found, noRoom }: NeedsFacts): readonly ListedNeed[] {
  return [
    ...studies.flatMap((study) => study.needs.map((need) => withoutFound({ ...need, study }, found))),
    ...found.map((each) => ({
      cause: 'mixed' as const,
      reason: null,
      instances: sumOf(each.patients ?? []),
      found: each,
    })),
    ...found.flatMap((each) =>
      each.reasons.map((some) => ({ cause: 'held' as const, ...some, found: each })),
    ),
    // Studies that only the gateway remembers may be waiting on another device.
    ...lost.flatMap((each) =>
      each.rememberedBy === 'device'
        ? [{ cause: 'lost' as const, reason: null, instances: each.instances, lost: each }]
        : [],
    ),
    { cause: 'foreign' as const, reason: null, instances: foreign },
    { cause: 'no-room' as const, reason: null, instances: noRoom },
  ].filter(({ instances }) => instances > 0);
}

function withoutFound(
  need: Need & { readonly study: QueuedStudy },
  found: readonly HeldFound[],
): Need & { readonly study: QueuedStudy } {
  if (need.cause !== 'held') return need;
  const again = found.find(({ studyInstanceUID }) => studyInstanceUID === need.study.heldStudy);
  const counted = again?.reasons.find(({ reason }) => reason === need.reason)?.instances ?? 0;
  return { ...need, instances: Math.max(0, need.instances - counted) };
}
