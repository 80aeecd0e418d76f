/**
 * Decides whether a disc or the files may go, from the outcome of each choice of files on this page. The decision needs
 * every count, so that nothing chosen is forgotten. Pure.
 */

/** The outcome of one choice: the disc, folder or files that a person chose on an empty page. */
export interface ChoiceOutcome {
  /**
   * Studies of the choice that were sent, by how they ended: in the PACS by a receipt, on their way, ended in any other
   * way, or off the list.
   */
  readonly inPacs: number;
  readonly underWay: number;
  readonly ended: number;
  readonly offList: number;
  /** Studies that were in the PACS before the next choice began, so the person has already been told. */
  readonly told: number;
  /** Instances that wait for a person's decision. */
  readonly held: number;
  readonly isBeingRead: boolean;
  /** Instances that are still on the page and were not sent. */
  readonly unsent: number;
  /** Files on the page that may belong to a study but cannot be sent. */
  readonly refused: number;
  /** Files that the DICOMDIR of the disc names and that were not chosen. */
  readonly missing: number;
  /** Files that were not read, because a person stopped reading or the disc failed. */
  readonly unread: number;
  /** The DICOMDIR of the disc is damaged, and nothing of the disc was sent yet. */
  readonly isInDoubt: boolean;
  /** Instances of sent studies that a person left out or that are damaged. */
  readonly leftOut: number;
  /** Files that left the page without being sent. */
  readonly cleared: number;
  /** Files that are not images of any study, on the page or taken off it. */
  readonly foreign: number;
  /** There may be more unread files, because not all of them were listed. */
  readonly isAtLeast: boolean;
}

/**
 * `removed`: a person took the choice off the page, and nothing of it is left to send. `off-list`: the study was taken
 * off the list of studies, and may have ended in any way.
 */
type ChoiceStanding = 'removed' | 'being-read' | 'off-list' | 'keep' | 'on-device' | 'in-pacs';

const TABLE: readonly (readonly [ChoiceStanding, (choice: ChoiceOutcome) => boolean])[] = [
  ['keep', ({ held, unsent, ended }) => held + unsent + ended > 0],
  // Nobody has decided about these files, and the disc may hold them.
  ['keep', ({ missing, unread }) => missing + unread > 0],
  // Files that left the page are recorded only for a choice of which something was sent. If nothing counts as sent any
  // more, it was cancelled or sent in another way.
  ['keep', (choice) => !isSent(choice) && choice.refused + choice.foreign + choice.cleared > 0],
  ['keep', (choice) => !isSent(choice) && choice.isInDoubt],
  ['being-read', ({ isBeingRead }) => isBeingRead],
  ['removed', (choice) => !isSent(choice)],
  ['off-list', ({ offList }) => offList > 0],
  // The person may want to copy these files again, and knows which ones once the rest has arrived.
  ['keep', (choice) => choice.underWay > 0 && choice.refused + choice.foreign + lackingOf(choice) > 0],
  ['on-device', ({ underWay }) => underWay > 0],
];

const isSent = ({ inPacs, underWay, ended, offList }: ChoiceOutcome): boolean =>
  inPacs + underWay + ended + offList > 0;

export const standingOfChoice = (choice: ChoiceOutcome): ChoiceStanding =>
  TABLE.find(([, holds]) => holds(choice))?.[0] ?? 'in-pacs';

/** Files and instances of the choice that may belong to a study and are neither in the PACS nor on their way. */
const lackingOf = ({ unsent, missing, unread, leftOut, cleared }: ChoiceOutcome): number =>
  unsent + missing + unread + leftOut + cleared;

export const isAnyLacking = (choices: readonly ChoiceOutcome[]): boolean =>
  choices.some((choice) => standingOfChoice(choice) !== 'removed' && lackingOf(choice) + choice.refused > 0);

/** Where part of the choice was sent: its files that may belong to a study and were not, by what became of them. */
export const leftBehindOf = (choice: ChoiceOutcome): readonly number[] => {
  const { missing, unread, cleared, refused } = choice;
  return [missing, unread, cleared, refused].map((files) => (isSent(choice) ? files : 0));
};

/** All files and instances of the choice that are neither in the PACS nor on their way. */
const exceptionsOf = (choice: ChoiceOutcome): number => lackingOf(choice) + choice.refused + choice.foreign;

export interface ChoicesSaid {
  /** The most cautious standing among all choices; null: no choice has files that anybody must think of. */
  readonly standing: Exclude<ChoiceStanding, 'removed'> | null;
  /** Studies in the PACS about which the person was not told before. */
  readonly studies: number;
  readonly except: number;
  /** There may be more exceptions. */
  readonly isAtLeast: boolean;
}

const MOST_CAREFUL_FIRST = ['keep', 'being-read', 'off-list', 'on-device', 'in-pacs'] as const;

export function sayOf(choices: readonly ChoiceOutcome[]): ChoicesSaid {
  const kept = choices.filter((choice) => standingOfChoice(choice) !== 'removed');
  const standings = new Set(kept.map(standingOfChoice));
  return {
    standing: MOST_CAREFUL_FIRST.find((standing) => standings.has(standing)) ?? null,
    studies: kept.reduce((sum, { inPacs, told }) => sum + inPacs - told, 0),
    except: kept.reduce((sum, choice) => sum + exceptionsOf(choice), 0),
    isAtLeast: kept.some(({ isAtLeast }) => isAtLeast),
  };
}
