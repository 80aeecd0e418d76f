/**
 * Of the bodies that one account sends at once, what came of the oldest is taken first. So it is whole and goes on
 * while the others still come; taken by turns they would all be whole at the end. Nobody waits for bytes that are not
 * here yet.
 */

/** The pieces of `body`, each when it is its turn; it lasts until the next piece is asked for. */
export type OldestFirst = (account: string, body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

type Line = {
  /** Those with a piece that waits, the oldest first once sorted. */
  readonly waiting: Map<number, () => void>;
  bodies: number;
  isTaken: boolean;
};

export function createOldestFirst(): OldestFirst {
  const lines = new Map<string, Line>();
  let came = 0;
  return async function* inTurn(account, body) {
    const line = lines.get(account) ?? { waiting: new Map(), bodies: 0, isTaken: false };
    lines.set(account, line);
    line.bodies += 1;
    came += 1;
    const place = came;
    let isMine = false;
    const leave = (): void => {
      if (isMine) line.isTaken = false;
      isMine = false;
      // The older body's next piece may be read already, and is asked for first.
      setImmediate(() => callOldest(line));
    };
    try {
      for await (const piece of body) {
        await new Promise<void>((resolve) => {
          line.waiting.set(place, resolve);
          callOldest(line);
        });
        isMine = true;
        yield piece;
        leave();
      }
    } finally {
      leave();
      line.bodies -= 1;
      if (line.bodies === 0) lines.delete(account);
    }
  };
}

function callOldest(line: Line): void {
  if (line.isTaken || line.waiting.size === 0) return;
  const oldest = Math.min(...line.waiting.keys());
  const go = line.waiting.get(oldest)!;
  line.waiting.delete(oldest);
  line.isTaken = true;
  go();
}
