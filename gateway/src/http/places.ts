/**
 * Places for work: a limited amount is done at once, and less of it for one account, so that nobody holds up the
 * others. Further requests wait for their turn; when too many wait, the next are refused. The caller chooses the unit:
 * requests, or bytes.
 *
 * A place is held while the gateway works, never while the caller sends: a slow sender would keep it from the others.
 * So a route reads the body first (hold-body.ts), and then takes a place for the work. The next place goes to the
 * account with the fewest, and among those to the one whose last turn is longest ago.
 */
import { Problem } from '#shared/protocol/problem.ts';

const WAITING_LIMIT = 64;
const WAITING_OF_ONE_LIMIT = 16;
/** Several times as long as a request takes that does not have to wait. */
const PATIENCE_MS = 20_000;

export type Places = {
  /**
   * Returns a function that frees the place. `size`: how much of the limit it takes, 1 by default. A size above the
   * account's whole limit is cut to it, so it comes when the account has nothing else. @throws Problem rate-limited:
   * too many wait, or it took too long; called-off: by the signal.
   */
  enter(account: string, signal: AbortSignal, size?: number): Promise<() => void>;
  /** The next in line; undefined: nobody is waiting for others to leave. */
  next(): Next | undefined;
};

/** `own`: what its account already has. `short`: how much has to be freed before it can enter. */
type Next = { readonly own: number; readonly size: number; readonly short: number };

export type Limits = { readonly atOnce: number; readonly ofOne: number };
type Held = { readonly account: string; readonly size: number };
type Waiting = Held & { readonly come: () => void; readonly refuse: () => void };

const sumOf = (held: readonly Held[]): number => held.reduce((sum, { size }) => sum + size, 0);
const ofAccount = <T extends Held>(held: readonly T[], account: string): readonly T[] =>
  held.filter((one) => one.account === account);

const tooMany = (): Problem => new Problem('rate-limited', undefined, { 'Retry-After': '1' });

export function createPlaces(limits: Limits, patienceMs = PATIENCE_MS): Places {
  const line = new Line(limits, patienceMs);
  return { enter: (...of) => line.enter(...of), next: () => line.next() };
}

class Line {
  readonly #limits: Limits;
  readonly #patienceMs: number;
  readonly #inside: Held[] = [];
  readonly #waiting: Waiting[] = [];
  /** The number of the last turn of each account that is inside or waits. */
  readonly #turns = new Map<string, number>();
  #turn = 0;

  constructor(limits: Limits, patienceMs: number) {
    this.#limits = limits;
    this.#patienceMs = patienceMs;
  }

  async enter(account: string, signal: AbortSignal, size = 1): Promise<() => void> {
    if (signal.aborted) throw new Problem('called-off');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const refuse = (): void => {
      const at = this.#waiting.indexOf(one);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      this.#forget(account);
      reject(signal.aborted ? new Problem('called-off') : tooMany());
      // The refused one may have been ahead of one for which there is room.
      this.#callNext();
    };
    const one: Waiting = { account, size: Math.min(size, this.#limits.ofOne), come: resolve, refuse };
    this.#waiting.push(one);
    this.#callNext();
    if (!this.#inside.includes(one)) await this.#wait(one, promise, signal);
    return () => {
      this.#inside.splice(this.#inside.indexOf(one), 1);
      this.#forget(account);
      this.#callNext();
    };
  }

  /**
   * The one whose turn it is, whether or not there is room for it. An account at its own limit is skipped until it has
   * freed a place.
   */
  next(): (Next & { readonly head: Waiting }) | undefined {
    const heads = [...Map.groupBy(this.#waiting, ({ account }) => account).values()].flatMap(([first]) => {
      const head = first!;
      const own = sumOf(ofAccount(this.#inside, head.account));
      return own + head.size <= this.#limits.ofOne
        ? [{ head, own, last: this.#turns.get(head.account) ?? 0 }]
        : [];
    });
    const [first] = heads.sort((a, b) => a.own - b.own || a.last - b.last);
    if (first === undefined) return undefined;
    const { size } = first.head;
    return { ...first, size, short: sumOf(this.#inside) + size - this.#limits.atOnce };
  }

  #callNext(): void {
    for (let next = this.next(); next !== undefined && next.short <= 0; next = this.next()) {
      const { head } = next;
      this.#waiting.splice(this.#waiting.indexOf(head), 1);
      this.#inside.push(head);
      this.#turn += 1;
      this.#turns.set(head.account, this.#turn);
      head.come();
    }
  }

  #forget(account: string): void {
    const isHere = [...this.#inside, ...this.#waiting].some((one) => one.account === account);
    if (!isHere) this.#turns.delete(account);
  }

  async #wait(one: Waiting, turned: Promise<void>, signal: AbortSignal): Promise<void> {
    const late = setTimeout(one.refuse, this.#patienceMs);
    signal.addEventListener('abort', one.refuse, { once: true });
    this.#refuseOneTooMany(one.account);
    await turned.finally(() => {
      clearTimeout(late);
      signal.removeEventListener('abort', one.refuse);
    });
  }

  /**
   * Refuses the last request of the account with the longest line, so that a newcomer is not refused because of others.
   */
  #refuseOneTooMany(account: string): void {
    const own = ofAccount(this.#waiting, account);
    if (own.length > WAITING_OF_ONE_LIMIT) own.at(-1)!.refuse();
    if (this.#waiting.length <= WAITING_LIMIT) return;
    const lines = [...Map.groupBy(this.#waiting, (one) => one.account).values()];
    lines
      .sort((a, b) => b.length - a.length)[0]!
      .at(-1)!
      .refuse();
  }
}
