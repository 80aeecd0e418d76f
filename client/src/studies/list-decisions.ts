/**
 * The decisions that wait for a person, grouped by cause, each with its possible answers. An answer changes something
 * or leads to a page; one that would do neither is not offered. Pure.
 */
import { isReleasable } from '#shared/protocol/reason-kinds.ts';
import { mustChange } from '../pipeline/queue/list-buttons.ts';
import type { HeldFound, ListedNeed, NeedCause } from '../pipeline/queue/list-needs.ts';
import { countRetried, mayBeRetried } from '../pipeline/queue/may-be-retried.ts';
import type { LostStudy, QueuedStudy } from '../pipeline/queue/queued-study.ts';

/**
 * `look`: open the pictures, cover names, release them; `choose-again` and `choose-fewer` lead to Upload; `retry` and
 * `try-now`: send again; `leave-out`: a person decides that they are not sent; `take-back`, `cancel`, `remove`,
 * `delete`: the whole study goes from this device; `set-aside`: take a found study out of the selection.
 */
export type Answer =
  | 'look'
  | 'retry'
  | 'try-now'
  | 'choose-again'
  | 'choose-fewer'
  | 'leave-out'
  | 'set-aside'
  | 'take-back'
  | 'cancel'
  | 'remove'
  | 'delete';

export interface Decision {
  readonly key: string;
  readonly cause: NeedCause;
  readonly reason: string | null;
  readonly instances: number;
  readonly study: QueuedStudy | null;
  readonly found: HeldFound | null;
  readonly lost: LostStudy | null;
  /** The main one first. */
  readonly answers: readonly Answer[];
}

/** Decisions about one cause, which say the same about what happened and what it means. */
export interface DecisionGroup {
  readonly key: string;
  readonly cause: NeedCause;
  readonly reason: string | null;
  readonly instances: number;
  /** The Failure Reasons that the PACS gave, each once. */
  readonly pacsCodes: readonly number[];
  readonly decisions: readonly Decision[];
}

/** Of found studies of which everything is held back nothing was sent; of queued ones the rest is. */
export type Meaning = NeedCause | 'found' | 'held-and-found';

export function meaningOf({ cause, decisions }: DecisionGroup): Meaning {
  if (cause !== 'held' || decisions.every(({ found }) => found === null)) return cause;
  return decisions.every(({ found }) => found !== null) ? 'found' : 'held-and-found';
}

/** Instances that may be lost come first, then those at which a person must look, then those that were refused. */
const ORDER: readonly NeedCause[] = [
  'no-room',
  'interrupted',
  'lost',
  'held',
  'failed',
  'trouble',
  'quarantined',
  'refused',
  'foreign',
];

/** `reopenable`: whether this page still has the files that are held back of a queued study. */
export function listDecisions(
  needs: readonly ListedNeed[],
  reopenable: (studyId: string) => boolean,
): readonly DecisionGroup[] {
  const groups = Map.groupBy(needs, ({ cause, reason }) => `${cause} ${reason ?? ''}`);
  return [...groups]
    .map(([key, some]): DecisionGroup => {
      const { cause, reason } = some[0]!;
      const decisions = some.map((need) => toDecision(need, reopenable));
      return {
        key,
        cause,
        reason,
        instances: some.reduce((sum, each) => sum + each.instances, 0),
        pacsCodes: [...new Set(some.flatMap((each) => each.pacsCodes ?? []))],
        decisions,
      };
    })
    .sort((a, b) => ORDER.indexOf(a.cause) - ORDER.indexOf(b.cause));
}

function toDecision(need: ListedNeed, reopenable: (studyId: string) => boolean): Decision {
  const { cause, reason, instances, study = null, found = null, lost = null } = need;
  return {
    key: [cause, reason, study?.id ?? found?.id ?? lost?.id].join(' '),
    cause,
    reason,
    instances,
    study,
    found,
    lost,
    answers: answersTo(need, reopenable),
  };
}

function answersTo(need: ListedNeed, reopenable: (studyId: string) => boolean): readonly Answer[] {
  const { cause, reason, study, found } = need;
  switch (cause) {
    case 'held': {
      const isHere = found !== undefined || (study !== undefined && reopenable(study.id));
      const first = isHere && isReleasable(reason) ? 'look' : 'choose-again';
      return [first, found ? 'set-aside' : 'leave-out'];
    }
    case 'quarantined':
    case 'refused':
      return study && mayBeRetried(cause, reason) && countRetried(study) > 0
        ? ['retry', 'leave-out']
        : ['leave-out'];
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
