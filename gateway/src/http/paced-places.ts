/**
 * Places whose holders are waited for: senders of bodies, and readers of answers. While somebody else waits for a
 * place, they must keep a pace; slower ones lose theirs, those of the account with the most first and no more than
 * needed. So whoever is slow may be so while there is room for everybody, and holds up nobody.
 */
import { createPlaces, type Limits, type Places } from './places.ts';

/** A pause of a link that is no worse than this is no reason to refuse. */
export const LOOK_MS = 2_000;
/** The pace fills a place in this time. */
const WHOLE_WITHIN_MS = 20_000;

export type Comer = {
  readonly account: string;
  readonly signal: AbortSignal;
  readonly size: number;
  /** Called once where the holder was too slow: it has to leave then. */
  readonly lose: () => void;
};

/** A holder of a place, and how fast it was since somebody last looked. */
class Holder {
  readonly comer: Comer;
  readonly leave: () => void;
  isSlow = false;
  #bytes = 0;
  /** The time in which the other end was waited for. */
  #waitedMs = 0;
  #since: number | null = null;
  readonly #clock: () => number;

  constructor(comer: Comer, clock: () => number, leave: () => void) {
    this.comer = comer;
    this.#clock = clock;
    this.leave = leave;
  }

  /** Begins to count the time in which the other end is waited for. */
  wait(): void {
    this.#since ??= this.#clock();
  }

  moved(bytes: number): void {
    if (this.#since !== null) this.#waitedMs += this.#clock() - this.#since;
    this.#since = null;
    this.#bytes += bytes;
  }

  /** Judges it by the time since the last look, where that was long enough. */
  look({ lookMs, placeBytes }: { readonly lookMs: number; readonly placeBytes: number }): void {
    const now = this.#clock();
    const waitedMs = this.#waitedMs + (this.#since === null ? 0 : now - this.#since);
    if (waitedMs < lookMs) return;
    this.isSlow = this.#bytes / waitedMs < (this.comer.size * placeBytes) / WHOLE_WITHIN_MS;
    this.#bytes = 0;
    this.#waitedMs = 0;
    if (this.#since !== null) this.#since = now;
  }
}
export type { Holder };

/** `placeBytes`: so many fill one place; 1 by default. */
type Looking = {
  readonly lookMs?: number;
  readonly placeBytes?: number;
  readonly clock?: () => number;
};

export class PacedPlaces {
  readonly #places: Places;
  readonly #looking: Required<Looking>;
  readonly #moving = new Set<Holder>();

  constructor(
    limits: Limits,
    { lookMs = LOOK_MS, placeBytes = 1, clock = () => performance.now() }: Looking = {},
  ) {
    this.#places = createPlaces(limits);
    this.#looking = { lookMs, placeBytes, clock };
  }

  /** @throws Problem as `Places`. */
  async enter(comer: Comer): Promise<Holder> {
    const entering = this.#places.enter(comer.account, comer.signal, comer.size);
    this.#endSlow();
    const looking = setInterval(() => this.#endSlow(), this.#looking.lookMs);
    const free = await entering.finally(() => clearInterval(looking));
    const holder: Holder = new Holder(comer, this.#looking.clock, () => {
      this.settle(holder);
      free();
    });
    this.#moving.add(holder);
    return holder;
  }

  /** Judges the holder no more: nobody waits for its other end, and it keeps its place until it leaves. */
  settle(holder: Holder): void {
    this.#moving.delete(holder);
  }

  #endSlow(): void {
    let short = this.#places.shortOf();
    if (short <= 0) return;
    const held = new Map<string, number>();
    for (const holder of this.#moving) {
      holder.look(this.#looking);
      const { account, size } = holder.comer;
      held.set(account, (held.get(account) ?? 0) + size);
    }
    const slow = new Set([...this.#moving].filter(({ isSlow }) => isSlow));
    while (short > 0 && slow.size > 0) {
      const most = [...slow].reduce((a, b) => (worth(b) > worth(a) ? b : a));
      slow.delete(most);
      this.settle(most);
      held.set(most.comer.account, held.get(most.comer.account)! - most.comer.size);
      short -= most.comer.size;
      most.comer.lose();
    }
    function worth({ comer: { account } }: Holder): number {
      return held.get(account)!;
    }
  }
}
