/**
 * Decides which one sentence the status line says: the first row of the table below that is true. Instances that could
 * be lost come before those that need a person, these before a reading that was refused, that before a verdict that was
 * not sent, that before instances that are safe, and these before instances about which somebody else has to decide. A
 * choice that is in the PACS already comes last: nothing of it can be lost.
 */
import type { IngestPhase } from '../pipeline/ingest/found-study.ts';
import type { UnsentCounts } from '../outbox/outboxes.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';

export type Standing =
  /** Instances are being written into the queue: neither the page nor the disc may go. */
  | { readonly kind: 'keep-open'; readonly count: number }
  /** Instances were read and shown, but not sent. `send`: where Send can be pressed; null: it cannot be now. */
  | { readonly kind: 'not-queued'; readonly count: number; readonly send: 'here' | 'on-upload' | null }
  /**
   * An earlier page, or the one before the device locked, did not send these: they must be chosen again. `beside`: what
   * would be said without them, which is as true.
   */
  | { readonly kind: 'not-sent'; readonly count: number; readonly beside: Standing }
  /** Nothing is sent until a person decides; the device keeps these. */
  | {
      readonly kind: 'decide';
      readonly count: number;
      /** Others that wait here, how many of them are sent now, and whether that needs the page. */
      readonly safe: number;
      readonly travelling: number;
      readonly goesOnAlone: boolean;
    }
  /** The gateway refused readings: their author decides, the one of `review` first; null: verdicts on results. */
  | {
      readonly kind: 'refused';
      readonly count: number;
      readonly safe: number;
      readonly review: string | null;
    }
  /**
   * Verdicts wait for the link: they are sent only while that person is signed in. `review`: the
   * first that waits, where nothing but reviews does.
   */
  | {
      readonly kind: 'verdicts';
      readonly count: number;
      readonly safe: number;
      readonly review: string | null;
    }
  /** Everything is safe here; the disc may go too. `travelling`: those of them that are sent without the page. */
  | { readonly kind: 'may-close'; readonly count: number; readonly travelling: number }
  /** Everything is safe here, but this browser sends only while the page is open. */
  | { readonly kind: 'goes-on-open'; readonly count: number }
  /** Nothing else waits, but verdicts of people who are not here. */
  | { readonly kind: 'others-verdicts'; readonly count: number }
  /** Nothing else waits, but instances that another person sent from here, and has to decide about. */
  | { readonly kind: 'others-decide'; readonly count: number }
  /** Nothing else waits, but copies of studies whose cancelling the gateway has not confirmed. */
  | { readonly kind: 'cancelling'; readonly count: number }
  /** Nothing else waits, and the PACS has all that Send would take. */
  | { readonly kind: 'in-pacs'; readonly count: number }
  /** The device has not been read yet. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'empty' };

export type StandingFacts = {
  /** The queue, and the verdicts that were kept here, have been read: until then their counts below are 0. */
  readonly isRead: boolean;
  readonly phase: IngestPhase;
  /** Instances that are being written into the queue, by this page or another one. */
  readonly unsafe: number;
  /** Instances that Send would take, in studies that were found and not yet queued, and not among `inPacs`. */
  readonly chosen: number;
  /** Instances that Send would take and the PACS has already. */
  readonly inPacs: number;
  /** Send can be pressed: allowed, and nothing is missing for it. */
  readonly canSend: boolean;
  /** The page with Send is open. */
  readonly isOnUpload: boolean;
  /** Instances that were chosen when the device locked, while nobody has signed in since. */
  readonly notSent: number;
  /** Instances that need a person (list-needs.ts). */
  readonly undecided: number;
  /** Statements of the person who is here that the gateway does not have. */
  readonly unsent: UnsentCounts;
  /** Statements of people who are not here that the gateway does not have. */
  readonly othersUnsent: number;
  /** Instances that need whoever sent them, who is not here. */
  readonly othersUndecided: number;
  /** Studies of the person who is here whose cancelling the gateway has not confirmed. */
  readonly cancelling: number;
  /** Instances that wait on this device. */
  readonly safe: number;
  /** Waiting instances that are sent as things are: not paused, and not waiting for their sender to sign in. */
  readonly travelling: number;
  /** The browser sends the queue when no page is open. */
  readonly goesOnAlone: boolean;
};

const TABLE: readonly ((facts: StandingFacts) => Standing | false)[] = [
  ({ unsafe }) => unsafe > 0 && { kind: 'keep-open', count: unsafe },
  ({ phase, chosen, canSend, isOnUpload }) =>
    phase !== 'idle' &&
    chosen > 0 && {
      kind: 'not-queued',
      count: chosen,
      send: canSend ? (isOnUpload ? 'here' : 'on-upload') : null,
    },
  (facts) =>
    facts.notSent > 0 && {
      kind: 'not-sent',
      count: facts.notSent,
      beside: standingOf({ ...facts, notSent: 0 }),
    },
  ({ undecided, safe, travelling, goesOnAlone }) =>
    undecided > 0 && { kind: 'decide', count: undecided, safe, travelling, goesOnAlone },
  ({ unsent: { refused }, safe }) =>
    refused[0] !== undefined && { kind: 'refused', count: refused.length, safe, review: refused[0] },
  ({ unsent: { refusedVerdicts: count }, safe }) =>
    count > 0 && { kind: 'refused', count, safe, review: null },
  ({ unsent: { verdicts, waiting }, safe }) =>
    verdicts + waiting.length > 0 && {
      kind: 'verdicts',
      count: verdicts + waiting.length,
      safe,
      review: verdicts > 0 ? null : waiting[0]!,
    },
  ({ safe, travelling, goesOnAlone }) =>
    safe > 0 &&
    (goesOnAlone || travelling === 0
      ? { kind: 'may-close', count: safe, travelling }
      : { kind: 'goes-on-open', count: safe }),
  ({ othersUnsent: count }) => count > 0 && { kind: 'others-verdicts', count },
  ({ othersUndecided }) => othersUndecided > 0 && { kind: 'others-decide', count: othersUndecided },
  ({ cancelling: count }) => count > 0 && { kind: 'cancelling', count },
  ({ phase, inPacs }) => phase === 'found' && inPacs > 0 && { kind: 'in-pacs', count: inPacs },
];

export function standingOf(facts: StandingFacts): Standing {
  for (const row of TABLE) {
    const standing = row(facts);
    if (standing) return standing;
  }
  return { kind: facts.isRead ? 'empty' : 'unknown' };
}

/** Studies that were sent and have not arrived. */
export const underWayOf = <S extends Pick<QueuedStudy, 'state'>>(studies: readonly S[]): readonly S[] =>
  studies.filter(({ state }) => state !== 'done' && state !== 'taken-back');

/** Counts studies under way that keep their names: the policy that is in force now is not theirs. */
export const namedUnderWay = (studies: readonly Pick<QueuedStudy, 'state' | 'policy'>[]): number =>
  underWayOf(studies).filter(({ policy }) => !policy.deidentify).length;
