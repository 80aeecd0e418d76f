/**
 * Says at page level that a study left, or arrived, while the dialog about cancelling it was open and unanswered. The
 * dialog closes then, because its button is gone and the row moves to another part of the list.
 */
import { signal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Icon } from '../../kit/Icon.tsx';
import { endingWords } from './ending-words.ts';
import { useQueue } from './queue-context.ts';
import type { QueuedStudy, QueueStore } from './queued-study.ts';
import { nameOf } from './study-title.ts';

/** Ids of the studies whose dialog closed without an answer, for each page's queue. */
const unanswered = new WeakMap<QueueStore, Signal<ReadonlySet<string>>>();

function unansweredIn(queue: QueueStore): Signal<ReadonlySet<string>> {
  const known = unanswered.get(queue) ?? signal(new Set());
  unanswered.set(queue, known);
  return known;
}

export function noteUnanswered(queue: QueueStore, studies: readonly Pick<QueuedStudy, 'id'>[]): void {
  const known = unansweredIn(queue);
  known.value = new Set([...known.peek(), ...studies.map(({ id }) => id)]);
}

/** States in which nothing of the study can be stopped on this device any more. */
const HAS_LEFT: ReadonlySet<QueuedStudy['state']> = new Set(['at-gateway', 'in-pacs', 'done']);

/** Place it in a live region of the page. */
export function TooLate() {
  const queue = useQueue();
  const known = unansweredIn(queue);
  // A person who moves to another page has left the question behind.
  const forget = () => {
    known.value = new Set();
  };
  useEffect(() => forget, [known]);
  const late = queue.studies.value.filter(({ id, state }) => known.value.has(id) && HAS_LEFT.has(state));
  if (late.length === 0) return null;
  const { tooLate, hide } = endingWords.cancelSheet;
  return (
    <div class="notice undo">
      <Icon name="note" />
      <div class="notice-body">
        {late.map((study) => (
          <p key={study.id}>{tooLate[study.state === 'done' ? 'inPacs' : 'atGateway'](nameOf(study))}</p>
        ))}
      </div>
      <button type="button" class="button button-bare" aria-label={hide} onClick={forget}>
        <Icon name="close" size={20} />
      </button>
    </div>
  );
}
