/**
 * Limits how many pieces of work run at once. When a place becomes free, the next one is chosen by the `order` at
 * that moment, which may change while they wait.
 */
export interface ConcurrencyLimit {
  /**
   * Runs `work` when a place is free. `giveWay` resolves at once unless work with priority is waiting; in that case
   * it gives up its place and takes one again afterwards. Throws the errors of `work`, or the signal's reason if
   * aborted while waiting.
   */
  run<T>(work: (giveWay: () => Promise<void>) => Promise<T>, claim?: Claim): Promise<T>;
}

interface Claim {
  /** The argument of `order`. */
  readonly of?: string;
  readonly signal?: AbortSignal;
}

interface LimitOptions {
  /** The number of places, read whenever work begins or ends. */
  readonly width: () => number;
  /** Work with a smaller order goes first; equal ones in order of arrival. Default: order of arrival. */
  readonly order?: (of: string) => number;
  /** Work that comes before everything that is running never waits for a place. */
  readonly firstAlways?: boolean;
}

type Place = { readonly of: string; readonly turn: number };
type Waiting = Place & { enter(): void };

interface Places extends Required<LimitOptions> {
  readonly busy: Set<Place>;
  readonly waiting: Set<Waiting>;
}

export function createConcurrencyLimit(options: LimitOptions): ConcurrencyLimit {
  const places: Places = {
    order: () => 0,
    firstAlways: false,
    ...options,
    busy: new Set(),
    waiting: new Set(),
  };
  let turns = 0;
  return {
    async run(work, { of = '', signal } = {}) {
      turns += 1;
      let place: Place | null = await enter(places, { of, turn: turns }, signal);
      const leave = (): void => {
        if (place !== null) places.busy.delete(place);
        place = null;
        admit(places);
      };
      const giveWay = async (): Promise<void> => {
        admit(places);
        const mine = place;
        if (mine === null || !mustGiveWay(places, mine)) return;
        leave();
        place = await enter(places, mine, signal);
      };
      try {
        return await work(giveWay);
      } finally {
        leave();
      }
    },
  };
}

function goesBefore({ order }: Places, a: Place, b: Place): boolean {
  return order(a.of) < order(b.of);
}

function mustGiveWay(places: Places, mine: Place): boolean {
  return (
    places.busy.size >= places.width() && [...places.waiting].some((one) => goesBefore(places, one, mine))
  );
}

function nextOf(places: Places): Waiting | undefined {
  const isBefore = (a: Place, b: Place): boolean =>
    goesBefore(places, a, b) || (!goesBefore(places, b, a) && a.turn < b.turn);
  return [...places.waiting].reduce<Waiting | undefined>(
    (first, one) => (first && !isBefore(one, first) ? first : one),
    undefined,
  );
}

function admit(places: Places): void {
  const { busy, waiting } = places;
  for (let first = nextOf(places); first; first = nextOf(places)) {
    const candidate = first;
    const isFirstOfAll =
      places.firstAlways && [...busy].every((place) => goesBefore(places, candidate, place));
    if (busy.size >= places.width() && !isFirstOfAll) return;
    waiting.delete(candidate);
    busy.add(candidate);
    candidate.enter();
  }
}

function enter(places: Places, place: Place, signal?: AbortSignal): Promise<Place> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const giveUp = (): void => {
      places.waiting.delete(waiter);
      reject(signal?.reason);
    };
    const waiter: Waiting = {
      ...place,
      enter() {
        signal?.removeEventListener('abort', giveUp);
        resolve(waiter);
      },
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    places.waiting.add(waiter);
    admit(places);
  });
}
