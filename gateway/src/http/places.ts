/**
 * Places for requests that bring much: so much is held at once, and less of one account, so that nobody holds up
 * the others. Further requests wait for their turn before any of their body is read, a few of them, and the
 * next are refused. The caller chooses the unit: requests, or bytes.
 */
import { Problem } from '#shared/protocol/problem.ts';

const WAITING_LIMIT = 64;
const WAITING_OF_ONE_LIMIT = 16;
/** Several times what one takes that is answered at once. */
const PATIENCE_MS = 20_000;

export type Places = {
  /**
   * Returns a function that frees the place. `size`: how much of the places it takes, 1 by default; one that is
   * larger than all of an account's comes when the account has nothing else. @throws Problem rate-limited: too
   * many wait, or it took too long; called-off: the signal.
   */
  enter(account: string, signal: AbortSignal, size?: number): Promise<() => void>;
};

type Limits = { readonly atOnce: number; readonly ofOne: number };
type Held = { readonly account: string; readonly size: number };
type Waiting = Held & { readonly come: () => void };

const sumOf = (held: readonly Held[]): number => held.reduce((sum, { size }) => sum + size, 0);

/** In their order, but past those whose account has its places. -1: nobody, or there is no room for the next. */
function nextInLine(waiting: readonly Held[], inside: readonly Held[], { atOnce, ofOne }: Limits): number {
  const full = new Set<string>();
  for (const [at, { account, size }] of waiting.entries()) {
    if (full.has(account)) continue;
    const own = sumOf(inside.filter((one) => one.account === account));
    if (own + size <= ofOne) return sumOf(inside) + size <= atOnce ? at : -1;
    full.add(account);
  }
  return -1;
}

export function createPlaces(limits: Limits, patienceMs = PATIENCE_MS): Places {
  const inside: Held[] = [];
  const waiting: Waiting[] = [];
  const next = (): number => nextInLine(waiting, inside, limits);
  const tooMany = (): Problem => new Problem('rate-limited', undefined, { 'Retry-After': '1' });

  function callNext(): void {
    for (let at = next(); at >= 0; at = next()) {
      const [one] = waiting.splice(at, 1);
      inside.push(one!);
      one!.come();
    }
  }

  async function wait(one: Waiting, turn: PromiseWithResolvers<void>, signal: AbortSignal): Promise<void> {
    const giveUp = (): void => {
      const at = waiting.indexOf(one);
      if (at < 0) return;
      waiting.splice(at, 1);
      turn.reject(signal.aborted ? new Problem('called-off') : tooMany());
      // It may have stood before one for which there is room.
      callNext();
    };
    const isFull =
      waiting.length > WAITING_LIMIT ||
      waiting.filter(({ account }) => account === one.account).length > WAITING_OF_ONE_LIMIT;
    if (isFull) giveUp();
    const late = setTimeout(giveUp, patienceMs);
    signal.addEventListener('abort', giveUp, { once: true });
    await turn.promise.finally(() => {
      clearTimeout(late);
      signal.removeEventListener('abort', giveUp);
    });
  }

  return {
    async enter(account, signal, size = 1) {
      if (signal.aborted) throw new Problem('called-off');
      const turn = Promise.withResolvers<void>();
      const one: Waiting = { account, size: Math.min(size, limits.ofOne), come: turn.resolve };
      waiting.push(one);
      callNext();
      if (!inside.includes(one)) await wait(one, turn, signal);
      return () => {
        inside.splice(inside.indexOf(one), 1);
        callNext();
      };
    },
  };
}
