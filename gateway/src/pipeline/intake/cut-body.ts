/**
 * A request's body that ends where the connection was cut, instead of failing: a stream that fails throws
 * away what it holds, and each byte thrown away is sent again over the network that just failed. It ends too
 * when it is told to, for another request that takes over.
 *
 * It is read from the socket's own stream where there is one: the layers that web streams put around a body
 * cost as much as its cipher.
 */
import { Readable } from 'node:stream';

export type CutBody = AsyncIterable<Uint8Array> & {
  /** It ended before its end. */
  isCut(): boolean;
  /** Ends it here; bytes that have come already are still given out. */
  stop(): void;
  /**
   * Ends it when nothing has come for a moment, or after a while: bytes already on their way need not be sent
   * again.
   */
  letGo(): void;
};

/**
 * Bytes that a device had handed to the network before it went away still arrive, until the buffers on the way
 * are empty: on a slow link that takes seconds. A pause of this length, on a link with a round trip of 100 ms,
 * means that no more will come.
 */
export type LettingGo = { readonly silenceMs: number; readonly mostMs: number };
const LETTING_GO: LettingGo = { silenceMs: 200, mostMs: 5_000 };
/** A replaced request ends within this time. */
export const LET_GO_WITHIN_MS = LETTING_GO.mostMs;

/**
 * Read from the first moment, before anybody asks: bytes that still wait for a reader when the socket dies
 * are lost. Each upload in progress holds as much, when the database or the disk is slow: 0.1 s of a link of
 * 40 Mbit/s.
 */
const READ_AHEAD_BYTES = 512 * 1024;

/** A reader that stops does not end the connection: the answer still goes through it. */
function leftAlone(source: Readable | ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  return source instanceof Readable
    ? source.iterator({ destroyOnReturn: false })
    : source.values({ preventCancel: true });
}

export function createCutBody(
  source: Readable | ReadableStream<Uint8Array> | null,
  lettingGo = LETTING_GO,
): CutBody {
  const pieces: Uint8Array[] = [];
  let held = 0;
  let state: 'open' | 'ended' | 'cut' = 'open';
  let wakeReader = (): void => undefined;
  let wakeSource = (): void => undefined;
  let silence: NodeJS.Timeout | null = null;
  let end: NodeJS.Timeout | null = null;

  async function readAhead(from: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of from) {
        pieces.push(piece);
        held += piece.length;
        silence?.refresh();
        wakeReader();
        while (held >= READ_AHEAD_BYTES && state === 'open')
          await new Promise<void>((resolve) => (wakeSource = resolve));
        if (state !== 'open') return;
      }
      if (state === 'open') state = 'ended';
    } catch {
      // The connection died: the bytes that came before are still good.
      state = 'cut';
    } finally {
      forgetTimers();
      wakeReader();
    }
  }

  function forgetTimers(): void {
    if (silence !== null) clearTimeout(silence);
    if (end !== null) clearTimeout(end);
  }

  function stop(): void {
    forgetTimers();
    if (state === 'open') state = 'cut';
    wakeReader();
    wakeSource();
  }

  async function* giveOut(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = pieces.shift();
      if (piece !== undefined) {
        held -= piece.length;
        wakeSource();
        yield piece;
      } else if (state !== 'open') return;
      else await new Promise<void>((resolve) => (wakeReader = resolve));
    }
  }

  if (source === null) state = 'ended';
  else void readAhead(leftAlone(source));
  return {
    [Symbol.asyncIterator]: giveOut,
    isCut: () => state === 'cut',
    stop,
    letGo() {
      if (state !== 'open' || silence !== null) return;
      silence = setTimeout(stop, lettingGo.silenceMs);
      end = setTimeout(stop, lettingGo.mostMs);
    },
  };
}
