/**
 * A lane: at most so many pieces of work at once. Whose turn it is among those that wait is decided when a
 * place is free, by what `order` says then: what goes first may change while it waits.
 */
export interface OrderedLane {
  /**
   * Does `work` when there is a place for it; `giveWay` resolves at once, unless somebody who goes before
   * waits: then the place is left to them and taken again afterwards. Throws what `work` throws, or the
   * signal's reason when aborted while waiting.
   */
  run<T>(of: string, work: (giveWay: () => Promise<void>) => Promise<T>, signal: AbortSignal): Promise<T>;
}

export interface OrderedLaneOptions {
  /** How many at once, asked whenever somebody comes or goes. */
  readonly width: () => number;
  /** Smaller goes first; of equals who came first. Without it: in the order in which they came. */
  readonly order?: (of: string) => number;
  /** What goes before everything that is under way never waits for a place. */
  readonly firstAlways?: boolean;
}

type Place = { readonly of: string; readonly turn: number };
type Waiting = Place & { enter(): void };

export function createOrderedLane({
  width,
  order = () => 0,
  firstAlways = false,
}: OrderedLaneOptions): OrderedLane {
  const busy = new Set<Place>();
  const waiting = new Set<Waiting>();
  let turns = 0;

  const isBefore = (a: Place, b: Place): boolean =>
    order(a.of) < order(b.of) || (order(a.of) === order(b.of) && a.turn < b.turn);
  const goesBefore = (a: Place, b: Place): boolean => order(a.of) < order(b.of);
  const next = (): Waiting | undefined =>
    [...waiting].reduce<Waiting | undefined>(
      (first, one) => (first && !isBefore(one, first) ? first : one),
      undefined,
    );

  function admit(): void {
    for (let first = next(); first; first = next()) {
      const candidate = first;
      const isFirstOfAll = firstAlways && [...busy].every((place) => goesBefore(candidate, place));
      if (busy.size >= width() && !isFirstOfAll) return;
      waiting.delete(candidate);
      busy.add(candidate);
      candidate.enter();
    }
  }

  function enter(place: Place, signal: AbortSignal): Promise<Place> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const giveUp = (): void => {
        waiting.delete(waiter);
        reject(signal.reason);
      };
      const waiter: Waiting = {
        ...place,
        enter() {
          signal.removeEventListener('abort', giveUp);
          resolve(waiter);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.add(waiter);
      admit();
    });
  }

  return {
    async run(of, work, signal) {
      let place: Place | null = await enter({ of, turn: (turns += 1) }, signal);
      const leave = (): void => {
        if (place !== null) busy.delete(place);
        place = null;
        admit();
      };
      const giveWay = async (): Promise<void> => {
        admit();
        const mine = place;
        if (mine === null || busy.size < width() || ![...waiting].some((one) => goesBefore(one, mine)))
          return;
        leave();
        place = await enter(mine, signal);
      };
      try {
        return await work(giveWay);
      } finally {
        leave();
      }
    },
  };
}
