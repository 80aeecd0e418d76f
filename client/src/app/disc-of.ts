/** Decides what the status line says of the disc: by what is safe, and by every choice on the page. Pure. */
import type { ChoicesSaid } from './choice-outcome.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import type { Standing } from './may-close.ts';

type DiscFacts = {
  readonly mayBeCleared: boolean;
  readonly underWay: number;
  readonly leftOut: number;
  /** Every choice on this page, added up (choice-outcome.ts). */
  readonly choices: ChoicesSaid;
  /** Files were taken off the page or its list unsent since the last study was sent. */
  readonly isTakenOff: boolean;
  /** Something may have been left behind (disc-doubt.ts). */
  readonly isDoubted: boolean;
};

/** `in-pacs`: everything that was chosen here is there, but the exceptions. */
type DiscSaid = 'may-go' | 'in-pacs' | 'keep';

/** Instances of a study, and files that were chosen with it, that are not in the PACS and need nobody. */
export const lackOf = ({ track, leftUnread }: Pick<QueuedStudy, 'track' | 'leftUnread'>): number =>
  track.leftOut + (leftUnread?.files ?? 0);

/**
 * The instances of studies under way that do not arrive, and the files that were left out unread. One that was
 * cancelled waits only until the gateway can be told; then its copy here is deleted.
 */
export const leavesOut = (
  studies: readonly Pick<QueuedStudy, 'track' | 'instances' | 'cancelling' | 'leftUnread'>[],
): number =>
  studies.reduce(
    (sum, study) => sum + (study.cancelling ? study.instances - study.track.inPacs : lackOf(study)),
    0,
  );

/** Another sentence counts what was chosen and is not safe, or it is being read. */
export const isBeforeSend = ({ kind }: Standing): boolean => kind === 'keep-open' || kind === 'not-queued';

/**
 * Says whether the disc may go. It is kept while anything that was chosen is neither in the PACS nor safe here. Null:
 * nothing of it is under way. `underWay`: studies of this device that are not in the PACS yet; the device keeps them
 * until a receipt proves it, so the same is true of the disc from Send until then. `mayBeCleared`: the browser may
 * delete them when space runs out, so a person keeps the disc. `leftOut`: instances of these studies that were left
 * out, because they are damaged or by a person, who may want to copy them again. No choice lets go of the disc of
 * another one, and taking files off the page lets go of none.
 */
export function discOf(standing: Standing, facts: DiscFacts): DiscSaid | null {
  const said = sayDisc(standing, facts);
  if (facts.isDoubted && said === 'may-go') return 'keep';
  if (!facts.isTakenOff || said === 'keep') return said;
  return said === 'may-go' || facts.choices.except > 0 ? 'keep' : null;
}

function sayDisc(standing: Standing, facts: DiscFacts): DiscSaid | null {
  const { mayBeCleared, underWay, leftOut, choices } = facts;
  // Files of a lost choice were not sent either, of this disc or of another one.
  if (standing.kind === 'not-sent')
    return sayDisc(standing.beside, { ...facts, choices: withLost(choices, standing) });
  // The person who decides may have to look at it again.
  if (standing.kind === 'decide') return 'keep';
  if (isBeforeSend(standing)) return 'keep';
  if (choices.standing === 'keep' || choices.standing === 'being-read') return 'keep';
  const isEmpty = ['empty', 'in-pacs', 'cancelling'].includes(standing.kind);
  const isHere =
    standing.kind === 'may-close' ||
    standing.kind === 'goes-on-open' ||
    (isEmpty && underWay > 0) ||
    ((standing.kind === 'refused' || standing.kind === 'verdicts') && standing.safe > 0);
  if (isHere) return mayBeCleared || leftOut + choices.except > 0 ? 'keep' : 'may-go';
  if (isEmpty && choices.standing === 'in-pacs') return 'in-pacs';
  return choices.except > 0 ? 'keep' : null;
}

/** Counts the instances that earlier pages did not send. */
export const lostOf = (standing: Standing): number => (standing.kind === 'not-sent' ? standing.count : 0);

/** With these among the exceptions. */
export const withLost = (choices: ChoicesSaid, standing: Standing): ChoicesSaid => ({
  ...choices,
  except: choices.except + lostOf(standing),
});
