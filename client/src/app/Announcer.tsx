/**
 * The one live region: tells a screen reader about the changes that a sighted person sees, without chatter. It
 * announces a study when another quarter of it has arrived, when it waits, when it needs somebody, when its film may
 * have to be repeated, and when all of it has arrived; and the link when it changes.
 */
import { useSignalEffect, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { nameOf } from '../pipeline/queue/study-title.ts';
import { trackOf } from '../pipeline/queue/track-of.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { triageWords } from '../pipeline/triage/triage-words.ts';
import { milestoneOf } from '../pipeline/queue/track-state.ts';
import { appWords } from './app-words.ts';
import { sayStudy } from './say-track.ts';

export function Announcer() {
  const queue = useQueue();
  const said = useSignal('');
  const milestones = useRef<Map<string, string> | null>(null);
  const link = useRef(queue.link.peek());
  // The names within what was said, by study: once one is erased elsewhere it must not stay here.
  const names = useRef<Map<string, string>>(new Map());

  useSignalEffect(() => {
    const sentences: string[] = [];
    const now = new Map(queue.studies.value.map((study) => [study.id, nameOf(study)]));
    if ([...names.current].some(([id, name]) => now.get(id) !== name)) said.value = '';
    const named = new Map<string, string>();
    const tell = (id: string, sentence: string) => {
      named.set(id, now.get(id)!);
      sentences.push(`${now.get(id)}: ${sentence}`);
    };
    if (link.current !== queue.link.value) {
      link.current = queue.link.value;
      sentences.push(appWords.status.link[link.current]);
    }
    if (!queue.ready.value) {
      said.value = sentences.join();
      return;
    }
    const before = milestones.current;
    // Studies that were there when the page opened are not announced.
    milestones.current = new Map(before);
    for (const study of queue.studies.value) {
      if (study.film.length > 0) {
        const toRepeat = `${study.id} film`;
        if (before && !before.has(toRepeat)) tell(study.id, triageWords.repeat);
        milestones.current.set(toRepeat, triageWords.repeat);
      }
      const track = trackOf(study, queue.link.value);
      // The study was only just chosen: its number of instances is not known yet.
      if (track.total === 0) continue;
      const milestone = milestoneOf(track);
      if (before && before.get(study.id) !== milestone) tell(study.id, sayStudy(study, queue.link.value));
      milestones.current.set(study.id, milestone);
    }
    if (sentences.length === 0) return;
    names.current = named;
    said.value = sentences.map((sentence) => sentence.replace(/\.$/, '')).join('. ');
  });

  return (
    <div class="unseen" role="status" aria-live="polite">
      {said}
    </div>
  );
}
