/** The state of the list for one person: their choice, the expanded rows, the selection, and removed studies. */
import { signal, type Signal } from '@preact/signals';
import { KEPT_CHOICE } from '../pipeline/queue/kept-choice.ts';
import { EVERYTHING, NAMES, PERIODS, SHOWN, SORTS, WHOSE, type Choice } from './list-choice.ts';

export interface DayList {
  readonly choice: Signal<Choice>;
  /** Whether a person expanded or collapsed a row, by the entry's key. */
  readonly open: Signal<ReadonlyMap<string, boolean>>;
  /** Null: nobody is selecting. */
  readonly selected: Signal<ReadonlySet<string> | null>;
  /** Ids of studies that were just removed and can be restored. */
  readonly removed: Signal<readonly string[]>;
  /** Sets the initial choice if the person has made none. It is not stored. */
  begin(first: Choice): void;
}

type Kept = { readonly account: string | null };

type Place = Pick<Storage, 'getItem' | 'setItem'>;

/**
 * A person's choice is kept while the window is open, for that person only. The search text is never stored, because it
 * may be a name. `account`: the person's account.
 */
export function createDayList(storage: Place, account: string | null): DayList {
  const kept = readChoice(storage, account);
  const choice = signal(kept ?? EVERYTHING);
  let shown: Choice | null = choice.peek();
  choice.subscribe((next) => {
    if (next === shown) return;
    shown = null;
    keepChoice(storage, account, next);
  });
  return {
    ...{ choice, open: signal(new Map()), selected: signal(null), removed: signal([]) },
    begin(first) {
      if (kept === null && choice.peek() === shown) choice.value = shown = first;
    },
  };
}

/** Stores the choice for the next time this person opens the list. */
export const keepChoice = (storage: Place, account: string | null, { text: _, ...kept }: Choice): void =>
  storage.setItem(KEPT_CHOICE, JSON.stringify({ ...kept, account }));

/** Null: this person has not chosen. */
function readChoice(storage: Place, account: string | null): Choice | null {
  try {
    const kept = JSON.parse(storage.getItem(KEPT_CHOICE) ?? 'null') as Partial<Choice & Kept> | null;
    if (kept === null || kept.account !== account) return null;
    return {
      text: '',
      whose: WHOSE.find((known) => known === kept.whose) ?? EVERYTHING.whose,
      shown: SHOWN.find((known) => known === kept.shown) ?? EVERYTHING.shown,
      period: PERIODS.find((known) => known === kept.period) ?? EVERYTHING.period,
      names: NAMES.find((known) => known === kept.names) ?? EVERYTHING.names,
      sort: SORTS.find((known) => known === kept.sort) ?? EVERYTHING.sort,
      byPatient: kept.byPatient === true,
    };
  } catch {
    return null;
  }
}
