/**
 * Of the bodies that one account sends at once, what came of the oldest is taken first. So it is complete, and on its
 * way, while the others are still arriving; taken in turns they would all be complete only at the end. Nobody waits for
 * bytes that are not here yet, and every body moves: one that has waited long has a turn all the same, so that its
 * sender does not give it up, or is seen to have gone.
 */

/** Proxies and clients give up a connection on which nothing moves for half a minute or more. */
const PATIENCE_MS = 5_000;

/** The pieces of `body`, each when it is its turn; it lasts until the next piece is asked for. */
export type OldestFirst = (account: string, body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

type Waiting = { readonly since: number; readonly go: () => void };
type Line = {
  /** Bodies with a piece that waits, by their place, in the order in which they began to wait. */
  readonly waiting: Map<number, Waiting>;
  bodies: number;
  isTaken: boolean;
};

/** `clock`: in milliseconds. */
export function createOldestFirst(clock: () => number): OldestFirst {
  const lines = new Map<string, Line>();
  let came = 0;
  return async function* inTurn(account, body) {
    const line = lines.get(account) ?? { waiting: new Map(), bodies: 0, isTaken: false };
    lines.set(account, line);
    line.bodies += 1;
    came += 1;
    const place = came;
    try {
      for await (const piece of body) {
        await new Promise<void>((go) => {
          line.waiting.set(place, { since: clock(), go });
          callNext(line, clock());
        });
        try {
          yield piece;
        } finally {
          line.isTaken = false;
          // The older body's next piece may be read already, and is asked for first.
          setImmediate(() => callNext(line, clock()));
        }
      }
    } finally {
      line.bodies -= 1;
      if (line.bodies === 0) lines.delete(account);
    }
  };
}

function callNext(line: Line, now: number): void {
  const [longest] = line.waiting;
  if (line.isTaken || longest === undefined) return;
  const isLate = now - longest[1].since >= PATIENCE_MS;
  const place = isLate ? longest[0] : Math.min(...line.waiting.keys());
  const { go } = line.waiting.get(place)!;
  line.waiting.delete(place);
  line.isTaken = true;
  go();
}
