/** The state of the list in a person's hands: their choice, the open rows, the selection, and removed studies. */
import { signal, type Signal } from '@preact/signals';
import { KEPT_CHOICE } from '../pipeline/queue/kept-choice.ts';
import { EVERYTHING, NAMES, PERIODS, SHOWN, SORTS, WHOSE, type Choice } from './choose-entries.ts';

export interface DayList {
  readonly choice: Signal<Choice>;
  /** By an entry's key, where a person opened or closed it. */
  readonly open: Signal<ReadonlyMap<string, boolean>>;
  /** null: nobody is selecting. */
  readonly selected: Signal<ReadonlySet<string> | null>;
  /** Ids of studies that were just removed and can be put back. */
  readonly removed: Signal<readonly string[]>;
  /** The choice of a person who has made none; it is not kept. */
  begin(first: Choice): void;
}

type Kept = { readonly account: string | null };

type Place = Pick<Storage, 'getItem' | 'setItem'>;

/**
 * The choice that a person made stays while the window is open, and is theirs alone; a searched name is written
 * nowhere. `account`: the person's.
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

/** For the list when this person opens it next. */
export const keepChoice = (storage: Place, account: string | null, { text: _, ...kept }: Choice): void =>
  storage.setItem(KEPT_CHOICE, JSON.stringify({ ...kept, account }));

/** null: this person has not chosen. */
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
