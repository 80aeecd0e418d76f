/**
 * Decides which one sentence the status line says: the first row of the table below that is true. The order is:
 * instances that could be lost, instances that need a decision, a refused reading, an unsent verdict, instances that
 * are safe, instances about which somebody else has to decide. A choice that is already in the PACS comes last, because
 * nothing of it can be lost.
 */
import type { IngestPhase } from '../pipeline/ingest/found/found-study.ts';
import type { UnsentCounts } from '../outbox/outboxes.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';

export type Standing =
  /** Instances are being written into the queue: neither the page nor the disc may go. */
  | { readonly kind: 'keep-open'; readonly count: number }
  /** Instances were read and shown, but not sent. `send`: where Send can be pressed; null: it cannot be pressed now. */
  | { readonly kind: 'not-queued'; readonly count: number; readonly send: 'here' | 'on-upload' | null }
  /**
   * An earlier page, or the page open before the device locked, did not send these: they must be chosen again.
   * `beside`: the sentence that would be said without them, which is true as well.
   */
  | { readonly kind: 'not-sent'; readonly count: number; readonly beside: Standing }
  /** These wait until a person decides, and stay on the device. */
  | {
      readonly kind: 'decide';
      readonly count: number;
      /**
       * Other instances that wait here, how many of them are being sent, and whether the browser sends without the
       * page.
       */
      readonly safe: number;
      readonly travelling: number;
      readonly goesOnAlone: boolean;
    }
  /**
   * The gateway refused readings, and their author decides. `review`: the first one to open; null: verdicts on results.
   */
  | {
      readonly kind: 'refused';
      readonly count: number;
      readonly safe: number;
      readonly review: string | null;
    }
  /**
   * Verdicts wait for the link. They are sent only while their author is signed in. `review`: the first review that
   * waits, if only reviews wait.
   */
  | {
      readonly kind: 'verdicts';
      readonly count: number;
      readonly safe: number;
      readonly review: string | null;
    }
  /** Everything is safe here, and the disc may go too. `travelling`: how many instances are sent without the page. */
  | { readonly kind: 'may-close'; readonly count: number; readonly travelling: number }
  /** Everything is safe here, but this browser sends only while the page is open. */
  | { readonly kind: 'goes-on-open'; readonly count: number }
  /** Nothing waits except verdicts of people who are not signed in. */
  | { readonly kind: 'others-verdicts'; readonly count: number }
  /** Nothing waits except instances that another person sent from here and has to decide about. */
  | { readonly kind: 'others-decide'; readonly count: number }
  /** Nothing waits except copies of studies whose cancelling the gateway has not confirmed. */
  | { readonly kind: 'cancelling'; readonly count: number }
  /** Nothing waits, and the PACS has everything that Send would take. */
  | { readonly kind: 'in-pacs'; readonly count: number }
  /** The device has not been read yet. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'empty' };

export type StandingFacts = {
  /** The queue and the verdicts kept on this device have been read. Until then the counts below are 0. */
  readonly isRead: boolean;
  readonly phase: IngestPhase;
  /** Instances that this page or another one is writing into the queue. */
  readonly unsafe: number;
  /** Instances that Send would take, from studies found but not yet queued. Excludes `inPacs`. */
  readonly chosen: number;
  /** Instances that Send would take but the PACS has already. */
  readonly inPacs: number;
  /** Send can be pressed: it is allowed, and nothing is missing for it. */
  readonly canSend: boolean;
  /** The page with Send is open. */
  readonly isOnUpload: boolean;
  /** Instances that were chosen when the device locked; 0 once somebody has signed in. */
  readonly notSent: number;
  /** Instances that need a person (list-needs.ts). */
  readonly undecided: number;
  /** Statements of the signed-in person that the gateway does not have. */
  readonly unsent: UnsentCounts;
  /** Statements of other people that the gateway does not have. */
  readonly othersUnsent: number;
  /** Instances that need a decision by their sender, who is not signed in. */
  readonly othersUndecided: number;
  /** Studies of the signed-in person whose cancelling the gateway has not confirmed. */
  readonly cancelling: number;
  /** Instances that wait on this device. */
  readonly safe: number;
  /** Waiting instances that are being sent: neither paused nor waiting for their sender to sign in. */
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

/** Counts studies under way that keep their names, because they were sent under another policy than the current one. */
export const namedUnderWay = (studies: readonly Pick<QueuedStudy, 'state' | 'policy'>[]): number =>
  underWayOf(studies).filter(({ policy }) => !policy.deidentify).length;
