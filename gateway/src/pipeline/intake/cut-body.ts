/**
 * A request body that ends where the connection was cut instead of failing. A stream that fails throws away what it
 * holds, and each byte thrown away is sent again over the network that just failed. The body also ends when another
 * request takes over.
 *
 * It is read from the socket's own stream where there is one, because the layers that web streams put around a body
 * cost as much as decrypting it.
 */
import { Readable } from 'node:stream';
import type { Holder } from '../../http/paced-places.ts';
import { gatherBytes } from '../../threads/gather-bytes.ts';

export type CutBody = AsyncIterable<Uint8Array> & {
  /** The body was cut off before its end. */
  isCut(): boolean;
  /** Ends it here; bytes that have come already are still given out. */
  stop(): void;
  /**
   * Ends it once nothing has come for a moment, or at the latest after a while, so that bytes already on their way need
   * not be sent again.
   */
  letGo(): void;
};

/**
 * Bytes that a device had handed to the network before it went away still arrive until the buffers on the way are
 * empty; on a slow link that takes seconds. A pause of `silenceMs`, on a link with a round trip of 100 ms, means that
 * no more will come.
 */
export type LettingGo = { readonly silenceMs: number; readonly mostMs: number };
const LETTING_GO: LettingGo = { silenceMs: 200, mostMs: 5_000 };

/** How long a replaced request may take to let go: it reads the bytes that still arrive, and writes those it holds. */
export const LOCK_DRAIN_MS = LETTING_GO.mostMs + 300;

/**
 * The body is read ahead from the first moment, before anybody asks for it, because bytes that still wait for a reader
 * when the socket dies are lost. Each upload in progress holds up to this much when the database or the disk is slow:
 * 0.1 s of a link of 40 Mbit/s.
 */
const READ_AHEAD_BYTES = 512 * 1024;

/** A reader that stops does not close the connection: the answer still goes through it. */
function leftAlone(source: Readable | ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  return source instanceof Readable
    ? source.iterator({ destroyOnReturn: false })
    : source.values({ preventCancel: true });
}

/** `holder`: of the place that the sender has, where the body needs one. */
export function createCutBody(
  source: Readable | ReadableStream<Uint8Array> | null,
  holder?: Pick<Holder, 'read'>,
  lettingGo = LETTING_GO,
): CutBody {
  if (source === null) return new ReadAhead(null, lettingGo);
  const pieces = leftAlone(source);
  return new ReadAhead(holder === undefined ? pieces : holder.read(pieces), lettingGo);
}

class ReadAhead implements CutBody {
  readonly #lettingGo: LettingGo;
  #held = gatherBytes();
  #ready: Uint8Array[] = [];
  #heldBytes = 0;
  #state: 'open' | 'ended' | 'cut' = 'open';
  #wakeReader = (): void => undefined;
  #wakeSource = (): void => undefined;
  #silence: NodeJS.Timeout | null = null;
  #end: NodeJS.Timeout | null = null;

  constructor(pieces: AsyncIterable<Uint8Array> | null, lettingGo: LettingGo) {
    this.#lettingGo = lettingGo;
    if (pieces === null) this.#state = 'ended';
    else void this.#readAhead(pieces);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = this.#next();
      if (piece !== undefined) {
        this.#heldBytes -= piece.length;
        this.#wakeSource();
        yield piece;
      } else if (this.#state !== 'open') return;
      else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  isCut(): boolean {
    return this.#state === 'cut';
  }

  stop(): void {
    this.#forgetTimers();
    if (this.#state === 'open') this.#state = 'cut';
    this.#wakeReader();
    this.#wakeSource();
  }

  letGo(): void {
    if (this.#state !== 'open' || this.#silence !== null) return;
    this.#silence = setTimeout(() => this.stop(), this.#lettingGo.silenceMs);
    this.#end = setTimeout(() => this.stop(), this.#lettingGo.mostMs);
  }

  #next(): Uint8Array | undefined {
    if (this.#ready.length === 0) {
      this.#ready = [...this.#held.chunks()];
      this.#held = gatherBytes();
    }
    return this.#ready.shift();
  }

  async #readAhead(from: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of from) {
        this.#held.add(piece);
        this.#heldBytes += piece.length;
        this.#silence?.refresh();
        this.#wakeReader();
        while (this.#heldBytes >= READ_AHEAD_BYTES && this.#state === 'open')
          await new Promise<void>((resolve) => (this.#wakeSource = resolve));
        if (this.#state !== 'open') return;
      }
      if (this.#state === 'open') this.#state = 'ended';
    } catch {
      // The connection died, but the bytes that came before are still good.
      this.#state = 'cut';
    } finally {
      this.#forgetTimers();
      this.#wakeReader();
    }
  }

  #forgetTimers(): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    if (this.#end !== null) clearTimeout(this.#end);
  }
}
