/**
 * The decisions that wait for a person, grouped by cause, each with its possible answers. An answer changes something
 * or opens a page; answers that would do neither are not offered. Pure.
 */
import { isAlreadyHere, isReleasable } from '#shared/protocol/reason-kinds.ts';
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import { actsOnHeld, type HeldAct, type HeldActs } from '../pipeline/ingest/found/held-acts.ts';
import { mustChange } from '../pipeline/queue/list-buttons.ts';
import type { HeldFound, ListedNeed, NeedCause, PatientChoice } from '../pipeline/queue/list-needs.ts';
import { countRetried, mayBeRetried } from '../pipeline/queue/may-be-retried.ts';
import type { LostStudy, QueuedStudy } from '../pipeline/queue/queued-study.ts';

/**
 * `apart`: send a found study that names several patients as one study per patient; `look`: open the pictures, cover
 * names, release them; `other-policy`: choose a policy that sends it, for this study only; `choose-again`,
 * `choose-export` (another file of the same image) and `choose-fewer` open Upload; `retry` and `try-now`: send again;
 * `ask-pacs`: like `retry`, for an image whose ID another image has; `leave-out`: a person decides that they are not
 * sent; `take-back`, `cancel`, `remove`, `delete`: remove the whole study from this device; `set-aside`: deselect a
 * found study.
 */
export type Answer =
  | HeldAct
  | 'apart'
  | 'retry'
  | 'ask-pacs'
  | 'try-now'
  | 'choose-export'
  | 'choose-fewer'
  | 'take-back'
  | 'cancel'
  | 'remove'
  | 'delete';

export interface Decision {
  readonly key: string;
  readonly cause: NeedCause;
  readonly reason: string | null;
  /** The further destination that did not take them. */
  readonly destination?: string;
  readonly instances: number;
  readonly study: QueuedStudy | null;
  readonly found: HeldFound | null;
  readonly lost: LostStudy | null;
  /** The main answer comes first. */
  readonly answers: readonly Answer[];
  /** The policy that would send held-back instances (`HeldActs`). */
  readonly policy: HeldActs['policy'];
  /** The patients named in a found study, each of whom can be left out. */
  readonly patients: readonly PatientChoice[];
}

/** What this page knows about held-back files, as in the ingest store. */
export interface HeldFiles {
  readonly reopenable: (studyId: string) => boolean;
  readonly policiesFor: IngestStore['policiesFor'];
}

/** Decisions with the same cause, for which the same texts say what happened and what it means. */
export interface DecisionGroup {
  readonly key: string;
  readonly cause: NeedCause;
  readonly reason: string | null;
  /** The further destination that did not take them. */
  readonly destination?: string;
  readonly instances: number;
  /** The distinct Failure Reasons that the PACS gave. */
  readonly pacsCodes: readonly number[];
  readonly decisions: readonly Decision[];
}

/**
 * If everything of a found study is held back, nothing of it is sent; otherwise the rest is. `first-stands`: readers
 * see the image that was sent first.
 */
export type Meaning = NeedCause | 'found' | 'held-and-found' | 'first-stands';

export function meaningOf({ cause, reason, decisions }: DecisionGroup): Meaning {
  if (cause === 'refused' && isAlreadyHere(reason)) return 'first-stands';
  const isAll = ({ found }: Decision): boolean => found !== null && !found.isRestSent;
  if (cause !== 'held' || !decisions.some(isAll)) return cause;
  return decisions.every(isAll) ? 'found' : 'held-and-found';
}

/** First instances that may be lost, then those that a person must look at, then refused ones. */
const ORDER: readonly NeedCause[] = [
  'no-room',
  'interrupted',
  'lost',
  'mixed',
  'held',
  'failed',
  'trouble',
  'quarantined',
  'refused',
  'foreign',
];

export function listDecisions(needs: readonly ListedNeed[], files: HeldFiles): readonly DecisionGroup[] {
  const groups = Map.groupBy(needs, ({ cause, reason, destination }) =>
    [cause, reason ?? '', destination ?? ''].join(' '),
  );
  return [...groups]
    .map(([key, some]): DecisionGroup => {
      const { cause, reason, destination } = some[0]!;
      const decisions = some.map((need) => toDecision(need, files));
      return {
        key,
        cause,
        reason,
        ...(destination !== undefined && { destination }),
        instances: some.reduce((sum, each) => sum + each.instances, 0),
        pacsCodes: [...new Set(some.flatMap((each) => each.pacsCodes ?? []))],
        decisions,
      };
    })
    .sort((a, b) => ORDER.indexOf(a.cause) - ORDER.indexOf(b.cause));
}

function toDecision(need: ListedNeed, files: HeldFiles): Decision {
  const { cause, reason, instances, destination, study = null, found = null, lost = null } = need;
  const { acts, policy } = cause === 'held' ? actsOf(need, files) : NO_ACTS;
  return {
    key: [cause, reason, destination, study?.id ?? found?.id ?? lost?.id].join(' '),
    cause,
    reason,
    ...(destination !== undefined && { destination }),
    instances,
    study,
    found,
    lost,
    answers: cause === 'held' ? acts : answersTo(need, cause),
    policy,
    patients: cause === 'mixed' ? (found?.patients ?? []) : [],
  };
}

const NO_ACTS: HeldActs = { acts: [], policy: null };

function actsOf({ found, study, reason, ...need }: ListedNeed, files: HeldFiles): HeldActs {
  return actsOnHeld({
    isReleasable: found === undefined ? isReleasable(reason) : need.isReleasable === true,
    isHere: found !== undefined || (study !== undefined && files.reopenable(study.id)),
    isWhole: found !== undefined && !found.isRestSent,
    policies: files.policiesFor(found?.studyInstanceUID ?? study?.id ?? ''),
  });
}

function canTryAgain({ cause, reason, destination, study }: ListedNeed): boolean {
  if (study === undefined || (cause !== 'quarantined' && cause !== 'refused')) return false;
  return mayBeRetried(cause, reason, destination) && countRetried(study) > 0;
}

function answersTo(need: ListedNeed, cause: Exclude<NeedCause, 'held'>): readonly Answer[] {
  const { reason, destination, study } = need;
  switch (cause) {
    case 'mixed':
      return ['apart', 'set-aside'];
    case 'quarantined':
    case 'refused':
      // The other image may have been deleted from the PACS since.
      if (reason === 'conflicting-instance' && destination === undefined)
        return ['choose-export', ...(canTryAgain(need) ? (['ask-pacs'] as const) : []), 'leave-out'];
      return canTryAgain(need) ? ['retry', 'leave-out'] : ['leave-out'];
    case 'interrupted':
      return ['choose-again', 'remove'];
    case 'failed':
      return [
        reason !== null && mustChange(reason) ? 'choose-again' : 'retry',
        study?.canTakeBack ? 'take-back' : 'remove',
      ];
    case 'trouble':
      return [
        reason === 'copy-unreadable' ? 'choose-again' : 'try-now',
        ...(study?.canTakeBack ? (['take-back'] as const) : study?.canCancel ? (['cancel'] as const) : []),
      ];
    case 'lost':
      return ['choose-again', 'remove'];
    case 'foreign':
      return ['choose-again', 'delete'];
    case 'no-room':
      return ['choose-fewer'];
    default:
      return cause satisfies never;
  }
}
