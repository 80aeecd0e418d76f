/** What signing out means for what waits on this device, and for instances chosen but not sent. Pure. */
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { accountWords as words } from './account-words.ts';

type LeavingFacts = {
  /** Instances that are being written into the queue. */
  readonly unsafe: number;
  /** Instances of studies that were found and are not in the queue. Signing out clears them. */
  readonly chosen: number;
  /** Instances that wait on this device, and how many of them are sent without a signed-in person. */
  readonly safe: number;
  readonly travelling: number;
  /** Instances in the queue that need this person's decision. */
  readonly undecided: number;
  /** Studies whose cancelling the gateway has not confirmed. */
  readonly cancelling: number;
  /** Verdicts and readings that the gateway does not have. */
  readonly unsent: number;
  /** Studies with a local label. The label is deleted with the session. */
  readonly labelled: number;
};

/** Counts a study that was sent several times once, because it is one row of the list. */
export const labelledIn = (
  studies: readonly Pick<QueuedStudy, 'id' | 'studyInstanceUID' | 'label'>[],
): number =>
  new Set(studies.flatMap((study) => (study.label === null ? [] : (study.studyInstanceUID ?? study.id))))
    .size;

export function signOutMeaning(facts: LeavingFacts): string {
  const names = facts.labelled > 0 ? [words.signOutNames(facts.labelled)] : [];
  return [ofInstances(facts), ...names].join(' ');
}

function ofInstances(facts: LeavingFacts): string {
  const { unsafe, chosen, safe, travelling, undecided, cancelling, unsent } = facts;
  if (unsafe > 0) return words.signOutUnsafe(Math.max(unsafe, chosen));
  const said = [
    ...(chosen > 0 ? [words.signOutClears(chosen)] : []),
    ...(travelling > 0 ? [words.signOutSafe(travelling)] : []),
    ...(safe > travelling ? [words.signOutWaits(safe - travelling)] : []),
    ...(undecided > 0 ? [words.signOutUndecided(undecided)] : []),
    ...(cancelling > 0 ? [words.signOutCancelling(cancelling)] : []),
    ...(unsent > 0 ? [words.signOutUnsent(unsent)] : []),
  ];
  return said.length > 0 ? said.join(' ') : words.signOutEmpty;
}
