/**
 * Decides by the outcome of each choice of files on this page whether its disc or files may go. The verdict needs every
 * count, so nothing that was chosen can be forgotten. Pure.
 */

/** A choice begins on an empty page: a disc, a folder, some files. */
export interface ChoiceOutcome {
  /**
   * Studies of the choice that were sent: in the PACS by a receipt, on their way, ended in any other way, or off the
   * list.
   */
  readonly inPacs: number;
  readonly underWay: number;
  readonly ended: number;
  readonly offList: number;
  /** Studies in the PACS that were there before another choice began: a person has been told. */
  readonly told: number;
  /** Instances that wait for a person's decision. */
  readonly held: number;
  readonly isBeingRead: boolean;
  /** Instances on the page that were not sent. */
  readonly unsent: number;
  /** Files on the page that may be of a study, and cannot be sent. */
  readonly refused: number;
  /** Files that the index of its disc names, and that were not chosen. */
  readonly missing: number;
  /** Files that were not read, because a person stopped it or the disc failed. */
  readonly unread: number;
  /** The index of its disc is damaged, and nothing of it was sent yet. */
  readonly isInDoubt: boolean;
  /** Instances of the studies that were sent, which a person left out or which are damaged. */
  readonly leftOut: number;
  /** Files that left the page without being sent. */
  readonly cleared: number;
  /** Files that are no images of any study, on the page or taken off it. */
  readonly foreign: number;
  /** There may be more unread files: not all of them were listed. */
  readonly isAtLeast: boolean;
}

/**
 * `removed`: nothing of it is left to send, because a person took it off the page. `off-list`: it was taken off the
 * list of studies, and may have ended in any way.
 */
type ChoiceStanding = 'removed' | 'being-read' | 'off-list' | 'keep' | 'on-device' | 'in-pacs';

const TABLE: readonly (readonly [ChoiceStanding, (choice: ChoiceOutcome) => boolean])[] = [
  ['keep', ({ held, unsent, ended }) => held + unsent + ended > 0],
  // Nobody has decided about these, and the disc may have them.
  ['keep', ({ missing, unread }) => missing + unread > 0],
  // Files that left the page are known of a choice of which something was sent: that was cancelled, or sent otherwise.
  ['keep', (choice) => !isSent(choice) && choice.refused + choice.foreign + choice.cleared > 0],
  ['keep', (choice) => !isSent(choice) && choice.isInDoubt],
  ['being-read', ({ isBeingRead }) => isBeingRead],
  ['removed', (choice) => !isSent(choice)],
  ['off-list', ({ offList }) => offList > 0],
  // A person may want to copy them again, and knows which ones once the rest has arrived.
  ['keep', (choice) => choice.underWay > 0 && choice.refused + choice.foreign + lackingOf(choice) > 0],
  ['on-device', ({ underWay }) => underWay > 0],
];

const isSent = ({ inPacs, underWay, ended, offList }: ChoiceOutcome): boolean =>
  inPacs + underWay + ended + offList > 0;

export const standingOfChoice = (choice: ChoiceOutcome): ChoiceStanding =>
  TABLE.find(([, holds]) => holds(choice))?.[0] ?? 'in-pacs';

/** Files and instances of the choice that may belong to a study, and are neither in the PACS nor on their way. */
const lackingOf = ({ unsent, missing, unread, leftOut, cleared }: ChoiceOutcome): number =>
  unsent + missing + unread + leftOut + cleared;

export const isAnyLacking = (choices: readonly ChoiceOutcome[]): boolean =>
  choices.some((choice) => standingOfChoice(choice) !== 'removed' && lackingOf(choice) + choice.refused > 0);

/** Something of it was sent, and some of what may belong to a study was not. */
export const isLackingWhatWasSent = (choice: ChoiceOutcome): boolean =>
  isSent(choice) && lackingOf(choice) - choice.unsent + choice.refused > 0;

/** Files and instances of the choice that are not in the PACS and not on their way. */
const exceptionsOf = (choice: ChoiceOutcome): number => lackingOf(choice) + choice.refused + choice.foreign;

export interface ChoicesSaid {
  /** The most careful standing of all choices; null: there is none whose files anybody has to think of. */
  readonly standing: Exclude<ChoiceStanding, 'removed'> | null;
  /** In the PACS, and not told before. */
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
