/**
 * The one live region: tells a screen reader what a sighted person sees move, without chatter. A study speaks
 * when it passes a quarter of its way, when it waits, when it needs someone, when its film may have to be
 * repeated, and when it has arrived; the link speaks when it changes.
 */
import { useSignalEffect, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { nameOf } from '../pipeline/queue/study-title.ts';
import { trackOf } from '../pipeline/queue/track-of.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { triageWords } from '../pipeline/triage/triage-words.ts';
import { hasArrived, milestoneOf, type TrackState } from '../pipeline/queue/track-state.ts';
import { appWords } from './app-words.ts';
import { queueWords } from '../pipeline/queue/queue-words.ts';

/** What a study says at a milestone. */
function sentenceOf(track: TrackState): string {
  if (track.needsDecision > 0) return queueWords.track.needsDecision(track.needsDecision);
  if (hasArrived(track)) return queueWords.track.arrived(track.inPacs);
  if (track.waitingFor) return queueWords.track.waiting[track.waitingFor];
  return queueWords.track.progress(track.inPacs, track.total);
}

export function Announcer() {
  const queue = useQueue();
  const said = useSignal('');
  const milestones = useRef<Map<string, string> | null>(null);
  const link = useRef(queue.link.peek());

  useSignalEffect(() => {
    const sentences: string[] = [];
    if (link.current !== queue.link.value)
      sentences.push(appWords.status.link[(link.current = queue.link.value)]);
    if (!queue.ready.value) return void (said.value = sentences.join());
    const before = milestones.current;
    // What was there when the page opened is read by looking, not said.
    milestones.current = new Map(before);
    for (const study of queue.studies.value) {
      if (study.film.length > 0) {
        const toRepeat = `${study.id} film`;
        if (before && !before.has(toRepeat)) sentences.push(`${nameOf(study)}: ${triageWords.repeat}`);
        milestones.current.set(toRepeat, triageWords.repeat);
      }
      const track = trackOf(study, queue.link.value);
      // It has only just been chosen: how many there are is not known yet.
      if (track.total === 0) continue;
      const milestone = milestoneOf(track);
      if (before && before.get(study.id) !== milestone)
        sentences.push(`${nameOf(study)}: ${sentenceOf(track)}`);
      milestones.current.set(study.id, milestone);
    }
    if (sentences.length > 0)
      said.value = sentences.map((sentence) => sentence.replace(/\.$/, '')).join('. ');
  });

  return (
    <div class="unseen" role="status" aria-live="polite">
      {said}
    </div>
  );
}
