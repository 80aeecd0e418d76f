/**
 * The body of a request as it comes from its socket, in pieces that its sender does not decide. HTTP lets a sender
 * cut a body into chunks of one byte (RFC 9112 §7.1). Node makes an object of each and a web stream a few more, a
 * hundred times its size, and all of them wait for whoever reads the body. Here the bytes that came at once are one
 * piece, and so are the bytes that came while nobody read.
 */
import { IncomingMessage } from 'node:http';
import { gatherBytes } from '../threads/gather-bytes.ts';

/**
 * Larger pieces are passed on as they are: held for a moment, they would be lost when the connection breaks, and
 * sent again.
 */
const SMALL_BYTES = 4096;

/** The class of a server's requests (`createServer({ IncomingMessage })`). */
export class GatheredRequest extends IncomingMessage {
  #held = gatherBytes();

  /** Called by Node's parser; false: the socket is not to be read until this body is. */
  override push(piece: Uint8Array | null): boolean {
    if (piece === null || piece.length >= SMALL_BYTES) {
      this.#give();
      return super.push(piece);
    }
    // When all that the socket had has been parsed.
    if (this.#held.size() === 0) setImmediate(() => this.#giveUnlessUnread());
    this.#held.add(piece);
    return this.readableLength + this.#held.size() < this.readableHighWaterMark;
  }

  /** Every way of reading a stream comes through here; 0 only asks for more to be fetched. */
  override read(size?: number): Buffer | null {
    if (size !== 0) this.#give();
    return super.read(size) as Buffer | null;
  }

  /** A reader that has not taken what it was told of takes the rest with it. */
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

/** The methods whose bodies are read, of those that a `Request` can carry. */
const BRINGS_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * The request, under this address. Its body is taken from the socket as it is read, and not before: who reads the
 * socket itself misses nothing. `env`: what the server says of it, nothing in a test's `app.request`.
 */
export function toRequest(raw: Request, url: string, env: { readonly incoming?: unknown } = {}): Request {
  const { method, headers, signal } = raw;
  const { incoming } = env;
  if (!BRINGS_BODY.has(method) || !(incoming instanceof IncomingMessage))
    return url === raw.url ? raw : new Request(url, raw);
  return new Request(url, { method, headers, signal, body: streamOf(incoming), duplex: 'half' });
}

/** Giving it up leaves the connection alone: the answer still goes through it. */
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
