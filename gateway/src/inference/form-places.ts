/**
 * Places for requests that bring files: a few are read at once, and fewer of one account, so that nobody
 * holds up the others. Further requests wait for their turn before any of their body is read.
 */
import { Problem } from '#shared/protocol/problem.ts';

const WAITING_LIMIT = 64;
const WAITING_OF_ONE_LIMIT = 16;
/** Several times what one takes that is answered at once. */
const PATIENCE_MS = 20_000;

export type FormPlaces = {
  /**
   * Returns a function that frees the place. @throws Problem rate-limited: too many wait, or it took too
   * long; called-off: the signal.
   */
  enter(account: string, signal: AbortSignal): Promise<() => void>;
};

type Waiting = { readonly account: string; readonly come: () => void };

export function createFormPlaces(
  { atOnce, ofOne }: { readonly atOnce: number; readonly ofOne: number },
  patienceMs = PATIENCE_MS,
): FormPlaces {
  const inside: string[] = [];
  const waiting: Waiting[] = [];
  const isFree = (account: string): boolean =>
    inside.length < atOnce && inside.filter((one) => one === account).length < ofOne;
  const tooMany = (): Problem => new Problem('rate-limited', undefined, { 'Retry-After': '1' });

  /** In their order, but past those whose account has its places. */
  function callNext(): void {
    for (
      let at = waiting.findIndex(({ account }) => isFree(account));
      at >= 0;
      at = waiting.findIndex(({ account }) => isFree(account))
    ) {
      const [next] = waiting.splice(at, 1);
      inside.push(next!.account);
      next!.come();
    }
  }

  async function wait(account: string, signal: AbortSignal): Promise<void> {
    if (
      waiting.length >= WAITING_LIMIT ||
      waiting.filter((one) => one.account === account).length >= WAITING_OF_ONE_LIMIT
    )
      throw tooMany();
    const turn = Promise.withResolvers<void>();
    const one: Waiting = { account, come: turn.resolve };
    waiting.push(one);
    const giveUp = (): void => {
      const at = waiting.indexOf(one);
      if (at < 0) return;
      waiting.splice(at, 1);
      turn.reject(signal.aborted ? new Problem('called-off') : tooMany());
    };
    const late = setTimeout(giveUp, patienceMs);
    signal.addEventListener('abort', giveUp, { once: true });
    await turn.promise.finally(() => {
      clearTimeout(late);
      signal.removeEventListener('abort', giveUp);
    });
  }

  return {
    async enter(account, signal) {
      if (signal.aborted) throw new Problem('called-off');
      if (isFree(account)) inside.push(account);
      else await wait(account, signal);
      return () => {
        inside.splice(inside.indexOf(account), 1);
        callNext();
      };
    },
  };
}
