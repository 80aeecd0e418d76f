/** The list of changes to one instance: its filter, its search, and which groups and sequences are open. */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { ComparedRow } from '../compare/comparison.ts';
import {
  createListing,
  keyOfRow,
  type Entry,
  type Filter,
  type Heading,
  type Listed,
  type ListState,
} from './list-entries.ts';

export interface ChangeListStore {
  readonly list: Signal<ListState>;
  readonly entries: ReadonlySignal<Listed>;
  /** False if there are no changes to filter by. */
  readonly hasChanges: ReadonlySignal<boolean>;
  setFilter(filter: Filter): void;
  search(query: string): void;
  turn(heading: Heading): void;
  flip(entry: Extract<Entry, { kind: 'row' }>): void;
}

const NOTHING_TURNED = { turned: new Set<Heading>(), flipped: new Set<string>() };

export function openChangeList(
  rows: ReadonlySignal<readonly ComparedRow[]>,
  startsWith: Filter,
): ChangeListStore {
  const list = signal<ListState>({ filter: startsWith, query: '', ...NOTHING_TURNED });
  const listing = computed(() => createListing(rows.value));
  const change = (some: Partial<ListState>) => {
    list.value = { ...list.peek(), ...some };
  };
  return {
    list,
    entries: computed(() => listing.value(list.value)),
    hasChanges: computed(() => rows.value.some(({ change: made }) => made !== 'kept')),
    setFilter: (filter) => change({ filter, turned: NOTHING_TURNED.turned }),
    search: (query) => change({ query, ...NOTHING_TURNED }),
    turn: (heading) => change({ turned: turned(list.peek().turned, heading) }),
    flip: ({ heading, row }) => change({ flipped: turned(list.peek().flipped, keyOfRow(heading, row)) }),
  };
}

function turned<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}
