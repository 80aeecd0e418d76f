/**
 * Gathers the body of a request as it comes from its socket, so that the sender does not decide the size of the pieces.
 * HTTP lets a sender cut a body into chunks of one byte (RFC 9112 §7.1). Node makes an object of each chunk and a web
 * stream a few more, a hundred times its size, and all of them wait until the body is read. Here the bytes that arrive
 * at once form one piece, and so do those that arrive while nobody reads.
 */
import { IncomingMessage } from 'node:http';
import { gatherBytes } from '../threads/gather-bytes.ts';

/**
 * Larger pieces are passed on as they are. If they were held for a moment, a broken connection would lose them, and
 * they would be sent again.
 */
const SMALL_BYTES = 4096;

/** The class for a server's requests (`createServer({ IncomingMessage })`). */
export class GatheredRequest extends IncomingMessage {
  #held = gatherBytes();

  /** Called by Node's parser. False: the socket is not read further until this body is read. */
  override push(piece: Uint8Array | null): boolean {
    if (piece === null || piece.length >= SMALL_BYTES) {
      this.#give();
      return super.push(piece);
    }
    // Runs when everything that the socket had is parsed.
    if (this.#held.size() === 0) setImmediate(() => this.#giveUnlessUnread());
    this.#held.add(piece);
    return this.readableLength + this.#held.size() < this.readableHighWaterMark;
  }

  /** Every way of reading a stream calls this; 0 only asks to fetch more. */
  override read(size?: number): Buffer | null {
    if (size !== 0) this.#give();
    return super.read(size) as Buffer | null;
  }

  /** If the reader has not yet taken what is available, it will get the rest together with that. */
  #giveUnlessUnread(): void {
    if (this.readableLength === 0) this.#give();
  }

  #give(): void {
    if (this.#held.size() === 0) return;
    const pieces = this.#held.chunks();
    this.#held = gatherBytes();
    for (const piece of pieces) super.push(piece);
  }
}

/** The methods whose bodies are read, among those that a `Request` can have. */
const BRINGS_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * The request with this URL. Its body is taken from the socket only as it is read, so whoever reads the socket directly
 * misses nothing. `env`: the server's facts about the request; empty in a test's `app.request`.
 */
export function toRequest(raw: Request, url: string, env: { readonly incoming?: unknown } = {}): Request {
  const { method, headers, signal } = raw;
  const { incoming } = env;
  if (!BRINGS_BODY.has(method) || !(incoming instanceof IncomingMessage))
    return url === raw.url ? raw : new Request(url, raw);
  return new Request(url, { method, headers, signal, body: streamOf(incoming), duplex: 'half' });
}

/** Cancelling it does not close the connection: the answer still goes through it. */
function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const pieces = incoming.iterator({ destroyOnReturn: false });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(value as Uint8Array);
      },
    },
    { highWaterMark: 0 },
  );
}
