/** Says what was removed from the list, for as long as the page is open, and puts it back. */
import { Icon } from '../kit/Icon.tsx';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { QueueStore } from '../pipeline/queue/queued-study.ts';
import type { DayList } from './day-list.ts';
import { useDayList } from './studies-context.ts';
import { studiesWords as words } from './studies-words.ts';

type Removing = Pick<QueueStore, 'studies' | 'dismiss'>;

/** Removes these studies from the list; those that are finished can be put back. */
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
    <div role="status">
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
