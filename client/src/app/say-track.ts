/**
 * The sentence for a screen reader when a study has reached another milestone or was cancelled. It uses the same
 * numbers as the study's track.
 */
import { unreadLines } from '../kit/left-out-words.ts';
import type { LinkNow } from '../net/link.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { trackOf } from '../pipeline/queue/track-of.ts';
import { endingWords } from '../pipeline/queue/ending-words.ts';
import { cancelledOf } from '../pipeline/queue/cancelled-what.ts';
import { sayWaiting, trackWords } from '../pipeline/queue/track-words.ts';
import { hasArrived, isNoneInPacs, type TrackState } from '../pipeline/queue/track-state.ts';

export function sayStudy(study: QueuedStudy, link: LinkNow): string {
  if (study.cancelling) return endingWords.cancelled.asked;
  if (study.state === 'taken-back') return cancelledOf(study);
  const track = trackOf(study, link);
  const unread = hasArrived(track) ? unreadLines(study.leftUnread) : [];
  return [sayTrack(track), ...unread].join('. ');
}

function sayTrack(track: TrackState): string {
  if (track.needsYou > 0) return trackWords.toDecide(track.needsYou);
  const { inPacs, total, leftOut } = track;
  if (hasArrived(track) && isNoneInPacs(track)) return trackWords.notStored(leftOut);
  if (hasArrived(track) && leftOut > 0)
    return `${trackWords.progress(inPacs, total)}, ${trackWords.notStored(leftOut)}`;
  if (hasArrived(track)) return trackWords.arrived(inPacs);
  if (track.waitingFor) return sayWaiting(track.waitingFor, track);
  return trackWords.progress(inPacs, total);
}
