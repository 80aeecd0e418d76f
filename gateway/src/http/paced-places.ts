/**
 * Places whose holders are waited for: senders of bodies, and readers of answers. While the next in line waits for a
 * place, holders must keep a pace; a slower one loses its place to an account that has less. Where all keep it, an
 * account loses one to another that will have no more then. So whoever is slow may be so while there is room for
 * everybody, and an account that has nothing gets a place, whatever the others do.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { createPlaces, type Limits, type Places } from './places.ts';

/** A pause of a link that is no worse than this is no reason to refuse. */
export const LOOK_MS = 2_000;
/** The pace fills a place in this time. */
const WHOLE_WITHIN_MS = 20_000;

type Comer = {
  readonly account: string;
  readonly signal: AbortSignal;
  readonly size: number;
  /** Called once, where somebody else needs the place of the holder: it has to leave then. */
  readonly lose: () => void;
};

/** For who has lost a place, or room. */
export const lostPlace = (): Problem => new Problem('rate-limited', undefined, { 'Retry-After': '5' });

/** `placeBytes`: so many fill one place; 1 by default. */
type Pace = { readonly lookMs: number; readonly placeBytes: number; readonly clock: () => number };
export type Looking = Partial<Pace> & { readonly patienceMs?: number };

/** A holder of a place. Each byte earns it the time that the pace gives to a byte; it saves up one pause at most. */
class Holder {
  readonly comer: Comer;
  readonly leave: () => void;
  isLost = false;
  /** Somebody waits for its other end, and has not done so for the last time. */
  isMoving = false;
  readonly #pace: Pace;
  #leftMs: number;
  #since: number | null = null;

  constructor(comer: Comer, pace: Pace, leave: () => void) {
    this.comer = comer;
    this.#pace = pace;
    this.#leftMs = pace.lookMs;
    this.leave = leave;
  }

  /** Begins to count the time in which the other end is waited for. */
  wait(): void {
    this.isMoving = true;
    this.#since ??= this.#pace.clock();
  }

  moved(bytes: number): void {
    const { lookMs, placeBytes } = this.#pace;
    const earnedMs = (bytes * WHOLE_WITHIN_MS) / (this.comer.size * placeBytes);
    this.#leftMs = Math.min(lookMs, this.#left() + earnedMs);
    this.#since = null;
  }

  /** The holder keeps its place until it leaves: nobody waits for its other end any more. */
  settle(): void {
    this.isMoving = false;
  }

  isSlow(): boolean {
    return this.#left() === 0;
  }

  /** The pieces, while their sender is waited for. */
  async *read(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.wait();
    for await (const piece of pieces) {
      this.moved(piece.length);
      yield piece;
      this.wait();
    }
    this.settle();
  }

  #left(): number {
    const waitedMs = this.#since === null ? 0 : this.#pace.clock() - this.#since;
    return Math.max(0, this.#leftMs - waitedMs);
  }
}
export type { Holder };

export class PacedPlaces {
  readonly #places: Places;
  readonly #pace: Pace;
  readonly #holders = new Set<Holder>();

  constructor(
    limits: Limits,
    { lookMs = LOOK_MS, placeBytes = 1, clock = () => performance.now(), patienceMs }: Looking = {},
  ) {
    this.#places = createPlaces(limits, patienceMs);
    this.#pace = { lookMs, placeBytes, clock };
  }

  /** @throws Problem as `Places`. */
  async enter(comer: Comer): Promise<Holder> {
    const entering = this.#places.enter(comer.account, comer.signal, comer.size);
    this.#makeRoom();
    const looking = setInterval(() => this.#makeRoom(), this.#pace.lookMs);
    const free = await entering.finally(() => clearInterval(looking));
    const holder: Holder = new Holder(comer, this.#pace, () => {
      if (!this.#holders.delete(holder)) return;
      free();
      this.#makeRoom();
    });
    this.#holders.add(holder);
    return holder;
  }

  #makeRoom(): void {
    for (let loser = this.#loser(); loser !== undefined; loser = this.#loser()) {
      loser.isLost = true;
      loser.comer.lose();
    }
  }

  /** The one that has to leave for the next in line: of the account that has the most. */
  #loser(): Holder | undefined {
    const next = this.#places.next();
    if (next === undefined) return undefined;
    const { own, size, short } = next;
    const held = new Map<string, number>();
    let leaving = 0;
    for (const { comer, isLost } of this.#holders)
      if (isLost) leaving += comer.size;
      else held.set(comer.account, (held.get(comer.account) ?? 0) + comer.size);
    if (short <= leaving) return undefined;
    const has = ({ comer }: Holder): number => held.get(comer.account)!;
    const moving = [...this.#holders].filter(({ isMoving, isLost }) => isMoving && !isLost);
    const slow = moving.filter((holder) => holder.isSlow() && has(holder) > own);
    const rich = moving.filter((holder) => has(holder) - holder.comer.size >= own + size);
    return (slow.length > 0 ? slow : rich).sort((a, b) => has(b) - has(a))[0];
  }
}
