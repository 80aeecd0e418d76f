/**
 * Says what was removed from the list, and restores it: at once by Undo, later from the line above the list. Also says
 * if it was too late to cancel.
 */
import { Icon } from '../kit/Icon.tsx';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { QueueStore } from '../pipeline/queue/queued-study.ts';
import { TooLate } from '../pipeline/queue/TooLate.tsx';
import { removedAmong } from './choose-entries.ts';
import type { DayEntry } from './day-entry.ts';
import type { DayList } from './day-list.ts';
import { studiesOf } from './join-sends.ts';
import { useDayList } from './studies-context.ts';
import { studiesWords as words } from './studies-words.ts';

type Removing = Pick<QueueStore, 'studies' | 'dismiss'>;

/** Removes these studies from the list. Finished ones can be restored. */
export async function dismissAll(
  queue: Removing,
  list: Pick<DayList, 'removed'>,
  ids: readonly string[],
): Promise<void> {
  const over = new Set(
    queue.studies
      .peek()
      .filter(({ state }) => state === 'done' || state === 'taken-back')
      .map(({ id }) => id),
  );
  list.removed.value = ids.filter((id) => over.has(id));
  for (const id of ids) await queue.dismiss(id);
}

export function Undo() {
  const queue = useQueue();
  const { removed } = useDayList();
  const ids = removed.value;
  const undo = () => {
    removed.value = [];
    void queue.putBack(...ids);
  };
  return (
    <div class="undo-place" role="status">
      <TooLate />
      {ids.length > 0 && (
        <div class="notice undo">
          <Icon name="note" />
          <p class="notice-body">
            {words.removed(ids.length)}. <span class="quiet">{words.removedWhat}</span>
          </p>
          <button type="button" class="button" onClick={undo}>
            {words.undo}
          </button>
          <button
            type="button"
            class="button button-bare"
            aria-label={words.hideNotice}
            onClick={() => (removed.value = [])}
          >
            <Icon name="close" size={20} />
          </button>
        </div>
      )}
    </div>
  );
}

/** Removed studies, which no other view of the list shows. */
export function Removed({ entries }: { readonly entries: readonly DayEntry[] }) {
  const queue = useQueue();
  const { choice, removed } = useDayList();
  const isOpen = choice.value.shown === 'removed';
  const found = removedAmong(entries, choice.value, new Date());
  const isSaid = !isOpen && removed.value.length > 0;
  if (found.length === 0 || isSaid) return null;
  const show = (shown: 'all' | 'removed') => (choice.value = { ...choice.value, shown });
  const putBack = () => {
    removed.value = [];
    void queue.putBack(...found.flatMap(studiesOf).map(({ id }) => id)).then(() => show('all'));
  };
  const says = choice.value.text.trim() === '' ? words.hidden : words.hiddenMatch;
  return (
    <div class="row row-apart small">
      <p class="quiet">
        {says(found.length)}
        {isOpen && `. ${words.removedWhat}`}
      </p>
      <div class="row">
        {isOpen && (
          <button type="button" class="button" onClick={putBack}>
            {words.putAllBack(found.length)}
          </button>
        )}
        <button type="button" class="button button-bare" onClick={() => show(isOpen ? 'all' : 'removed')}>
          {isOpen ? words.clear : words.showHidden(found.length)}
        </button>
      </div>
    </div>
  );
}
