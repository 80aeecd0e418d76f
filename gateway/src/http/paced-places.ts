/**
 * Places for which the gateway waits on the other end: senders of bodies, and readers of answers. While the next in
 * line waits for a place, holders must keep a pace; a slower one loses its place to an account that has less. If all
 * keep the pace, an account loses a place to another account, provided that the other will not have more than it
 * afterwards. So a slow holder may be slow while there is room for everybody, and an account without a place gets one,
 * whatever the others do.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { createPlaces, type Limits, type Places } from './places.ts';

/** A link that pauses no longer than this is not refused. */
export const LOOK_MS = 2_000;
/** A holder that keeps the pace fills its place within this time. */
const WHOLE_WITHIN_MS = 20_000;

type Comer = {
  readonly account: string;
  readonly signal: AbortSignal;
  readonly size: number;
  /** Called once, when another account needs the holder's place. The holder then has to leave. */
  readonly lose: () => void;
};

/** The answer to a request that has lost its place or room. */
export const lostPlace = (): Problem => new Problem('rate-limited', undefined, { 'Retry-After': '5' });

/** `placeBytes`: how many bytes fill one place; 1 by default. */
type Pace = { readonly lookMs: number; readonly placeBytes: number; readonly clock: () => number };
export type Looking = Partial<Pace> & { readonly patienceMs?: number };

/**
 * A holder of a place. Each byte earns it the time that the pace allows for a byte; it can save up one pause at most.
 */
class Holder {
  readonly comer: Comer;
  readonly leave: () => void;
  isLost = false;
  /** The gateway still waits on the holder's other end from time to time. */
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

  /** Starts counting the time spent waiting for the other end. */
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

  /** The holder keeps its place until it leaves, because its other end is no longer waited for. */
  settle(): void {
    this.isMoving = false;
  }

  isSlow(): boolean {
    return this.#left() === 0;
  }

  /** Passes the pieces on, counting the time spent waiting for their sender. */
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

  /** @throws Problem like `Places`. */
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

  /** The holder that has to leave for the next in line; it belongs to the account with the most places. */
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
