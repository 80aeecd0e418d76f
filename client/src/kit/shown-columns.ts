/** The columns of each list that a person has hidden or added. Kept in this browser, separately for each list. */
import { signal, type ReadonlySignal } from '@preact/signals';

const keyOf = (list: string): string => `relaypacs-columns-${list}`;

export interface ShownColumns {
  readonly shown: ReadonlySignal<ReadonlySet<string>>;
  toggle(id: string): void;
}

type Hidable = { readonly id: string; readonly isExtra?: boolean };

/**
 * `columns`: those that can be hidden; extra ones are hidden by default. Stores only what differs from the default, so
 * that a column added by an update appears.
 */
export function shownColumnsOf(
  list: string,
  columns: readonly Hidable[],
  storage: Pick<Storage, 'getItem' | 'setItem'> = localStorage,
): ShownColumns {
  const changed = new Set(readKept(storage, list).split(' '));
  const read = () =>
    new Set(
      columns.filter(({ id, isExtra = false }) => changed.has(id) === isExtra).map((column) => column.id),
    );
  const shown = signal<ReadonlySet<string>>(read());
  return {
    shown,
    toggle(id) {
      if (!changed.delete(id)) changed.add(id);
      shown.value = read();
      try {
        storage.setItem(keyOf(list), [...changed].filter(Boolean).join(' '));
      } catch {
        // A browser that keeps nothing shows the columns as chosen until the page is left.
      }
    },
  };
}

function readKept(storage: Pick<Storage, 'getItem'>, list: string): string {
  try {
    return storage.getItem(keyOf(list)) ?? '';
  } catch {
    return '';
  }
}
