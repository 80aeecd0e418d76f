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
}

type Place = Pick<Storage, 'getItem' | 'setItem'>;

/** The choice stays while the window is open; a searched name is written nowhere. `first`: before there is one. */
export function createDayList(storage: Place, first = EVERYTHING): DayList {
  const choice = signal(storage.getItem(KEPT_CHOICE) === null ? first : readChoice(storage));
  choice.subscribe((next) => keepChoice(storage, next));
  return { choice, open: signal(new Map()), selected: signal(null), removed: signal([]) };
}

/** For the list when it is opened next. */
export const keepChoice = (storage: Place, { text: _, ...kept }: Choice): void =>
  storage.setItem(KEPT_CHOICE, JSON.stringify(kept));

function readChoice(storage: Place): Choice {
  try {
    const kept = JSON.parse(storage.getItem(KEPT_CHOICE) ?? '{}') as Partial<Choice>;
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
    return EVERYTHING;
  }
}
