/**
 * The one live region. It tells a screen reader about the changes that a sighted person sees, without chatter. It
 * announces a study each time another quarter of it has arrived, when it waits, when it needs a decision, when its film
 * may have to be repeated, and when all of it has arrived. It also announces changes of the link.
 */
import { useSignalEffect, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { nameOf } from '../pipeline/queue/study-title.ts';
import { trackOf } from '../pipeline/queue/track-of.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { triageWords } from '../pipeline/queue/triage-words.ts';
import { milestoneOf } from '../pipeline/queue/track-state.ts';
import { appWords } from './app-words.ts';
import { sayStudy } from './say-track.ts';

interface Spoken {
  /** Null: the sentence is about the link. */
  readonly id: string | null;
  readonly sentence: string;
}

export function Announcer() {
  const queue = useQueue();
  const said = useSignal('');
  const milestones = useRef<Map<string, string> | null>(null);
  const link = useRef(queue.link.peek());
  const last = useRef<readonly Spoken[]>([]);

  useSignalEffect(() => {
    const spoken: Spoken[] = [];
    if (link.current !== queue.link.value) {
      const isFound = link.current === 'unknown' && queue.link.value === 'online';
      link.current = queue.link.value;
      // The app looks for the link silently, so finding it is not announced either.
      if (!isFound) spoken.push({ id: null, sentence: appWords.status.link[link.current] });
    }
    const before = milestones.current;
    // Studies that were there when the page opened are not announced.
    if (queue.ready.value) milestones.current = new Map(before);
    for (const study of queue.ready.value ? queue.studies.value : []) {
      const tell = (sentence: string) => spoken.push({ id: study.id, sentence });
      if (study.film.length > 0) {
        const toRepeat = `${study.id} film`;
        if (before && !before.has(toRepeat)) tell(triageWords.repeat);
        milestones.current?.set(toRepeat, triageWords.repeat);
      }
      const track = trackOf(study, queue.link.value);
      // The study was only just chosen: its number of instances is not known yet.
      if (track.total === 0) continue;
      const milestone = milestoneOf(track);
      if (before && before.get(study.id) !== milestone) tell(sayStudy(study, queue.link.value));
      milestones.current?.set(study.id, milestone);
    }
    if (spoken.length > 0 || !queue.ready.value) last.current = spoken;
    said.value = textOf(last.current, new Map(queue.studies.value.map((study) => [study.id, nameOf(study)])));
  });

  return (
    <div class="unseen" role="status" aria-live="polite">
      {said}
    </div>
  );
}

/** Adds the current name of each study to its sentence. A study whose name has been erased is left out. */
function textOf(spoken: readonly Spoken[], names: ReadonlyMap<string, string>): string {
  return spoken
    .flatMap(({ id, sentence }) => {
      if (id === null) return [sentence];
      const name = names.get(id);
      return name === undefined ? [] : [`${name}: ${sentence}`];
    })
    .map((sentence) => sentence.replace(/\.$/, ''))
    .join('. ');
}
