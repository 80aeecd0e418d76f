/** The sentence for a screen reader when a study reached another milestone: by the same numbers as its track. */
import { trackWords } from '../pipeline/queue/track-words.ts';
import { hasArrived, type TrackState } from '../pipeline/queue/track-state.ts';

export function sayTrack(track: TrackState): string {
  if (track.needsYou > 0) return trackWords.needsDecision(track.needsYou);
  if (hasArrived(track)) return trackWords.arrived(track.inPacs);
  if (track.waitingFor) return trackWords.waiting[track.waitingFor];
  return trackWords.progress(track.inPacs, track.total);
}
