/**
 * When an account sends several bodies at once, the oldest one is read first. So it is complete and forwarded while
 * the others are still arriving; read in turns, all of them would be complete only at the end. No body waits for bytes
 * of another that have not arrived yet, and every body progresses: a body that has waited for long also gets a turn,
 * so that its sender does not give up, and a sender that has gone is noticed.
 */

/** The longest wait for a turn. Proxies and clients give up connections without progress for half a minute or more. */
const PATIENCE_MS = 5_000;

/** Yields the pieces of `body`, each when it is its turn. The turn lasts until the next piece is requested. */
export type OldestFirst = (account: string, body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

type Waiting = { readonly since: number; readonly go: () => void };
type Line = {
  /** Bodies with a waiting piece, by order of arrival, in the order in which they began to wait. */
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
          // The older body's next piece may already have arrived, and it goes first.
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
