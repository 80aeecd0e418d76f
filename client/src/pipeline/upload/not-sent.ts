/** Says which instances and chosen files of a study are not in the PACS, and why, in sentences. Pure. */
import { unreadLines } from '../../kit/left-out-words.ts';
import { sentencesOfReason } from '../../kit/reason-sentences.ts';
import type { Need, QueuedStudy } from '../queue/queued-study.ts';
import { uploadWords } from './upload-words.ts';

type Lacking = Pick<QueuedStudy, 'needs' | 'track' | 'state' | 'withheld'>;

/** All sentences, for places where nothing else says what still needs a decision. */
export function notSentOf(study: Lacking & Pick<QueuedStudy, 'leftUnread'>): readonly string[] {
  const { needs, leftUnread } = study;
  const held = needs.reduce((sum, { cause, instances }) => sum + (cause === 'held' ? instances : 0), 0);
  return [
    ...needs.flatMap(undecidedLines),
    ...(held > 0 ? [uploadWords.stayed(held)] : []),
    ...leftOutOf(study),
    ...unreadLines(leftUnread),
  ];
}

/** Lines about the instances that need no decision any more. */
export const leftOutOf = ({ track, state, withheld }: Omit<Lacking, 'needs'>): readonly string[] =>
  state === 'taken-back' ? [] : leftOutLines(damagedOf({ track, withheld }), track.leftOut);

/** Left-out instances that are damaged, so that no person decided about them. */
export const damagedOf = ({ track, withheld }: Pick<QueuedStudy, 'track' | 'withheld'>): number =>
  Math.min(withheld.damaged ?? 0, track.leftOut);

function leftOutLines(damaged: number, all: number): readonly string[] {
  const { leftOutHere, damagedHere } = uploadWords;
  return [
    ...(all > damaged ? [leftOutHere(all - damaged)] : []),
    ...(damaged > 0 ? [damagedHere(damaged)] : []),
  ];
}

/**
 * A line about instances that the gateway or the PACS refused. A further destination's refusal is reported with that
 * destination.
 */
function undecidedLines({ cause, reason, destination, instances }: Need): readonly string[] {
  if ((cause !== 'refused' && cause !== 'quarantined') || reason === null || destination !== undefined)
    return [];
  const { title } = sentencesOfReason(reason) ?? { title: uploadWords.decide.unknownReason };
  return [uploadWords.undecided(instances, title)];
}
