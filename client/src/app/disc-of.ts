/** Decides what the status line says about the disc, from what is safe and from every choice on the page. Pure. */
import type { ChoicesSaid } from './choice-outcome.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import type { Standing } from './may-close.ts';

type DiscFacts = {
  readonly mayBeCleared: boolean;
  readonly underWay: number;
  readonly leftOut: number;
  /** The sum of all choices on this page (choice-outcome.ts). */
  readonly choices: ChoicesSaid;
  /** Something may have been left behind (disc-doubt.ts). */
  readonly isDoubted: boolean;
};

/** `in-pacs`: everything that was chosen here is in the PACS, apart from the counted exceptions. */
type DiscSaid = 'may-go' | 'in-pacs' | 'keep';

/** Counts what is not in the PACS and waits for no decision: instances of a study, and files chosen with it. */
export const lackOf = ({ track, leftUnread }: Pick<QueuedStudy, 'track' | 'leftUnread'>): number =>
  track.leftOut + (leftUnread?.files ?? 0);

/**
 * Counts the instances of studies under way that will not arrive, and the files left out unread. A cancelled study
 * counts whole, because its copy here is deleted once the gateway knows.
 */
export const leavesOut = (
  studies: readonly Pick<QueuedStudy, 'track' | 'instances' | 'cancelling' | 'leftUnread'>[],
): number =>
  studies.reduce(
    (sum, study) => sum + (study.cancelling ? study.instances - study.track.inPacs : lackOf(study)),
    0,
  );

/** Another sentence already counts what was chosen and is not safe, or says that it is being read. */
export const isBeforeSend = ({ kind }: Standing): boolean => kind === 'keep-open' || kind === 'not-queued';

/**
 * Says whether the disc may go. The disc must be kept while anything that was chosen is neither in the PACS nor safe
 * here. Null: nothing from it is under way. `underWay`: studies of this device that are not in the PACS yet; the device
 * keeps them until a receipt proves that they are, so the disc may go from Send on. `mayBeCleared`: the browser may
 * delete them when space runs out, so the person keeps the disc. `leftOut`: instances of these studies that were left
 * out, by a person or because they are damaged; the person may want to copy them again. No choice frees the disc of
 * another choice, and none is free while in doubt.
 */
export function discOf(standing: Standing, facts: DiscFacts): DiscSaid | null {
  const said = sayDisc(standing, facts);
  return facts.isDoubted && said === 'may-go' ? 'keep' : said;
}

function sayDisc(standing: Standing, facts: DiscFacts): DiscSaid | null {
  const { mayBeCleared, underWay, leftOut, choices } = facts;
  // Files of a lost choice were not sent either, whether they are on this disc or on another.
  if (standing.kind === 'not-sent')
    return sayDisc(standing.beside, { ...facts, choices: withLost(choices, standing) });
  // The person who decides may have to look at the disc again.
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

/** Adds the lost instances to the exceptions. */
export const withLost = (choices: ChoicesSaid, standing: Standing): ChoicesSaid => ({
  ...choices,
  except: choices.except + lostOf(standing),
});
