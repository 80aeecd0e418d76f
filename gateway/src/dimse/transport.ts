/**
 * A connection to a peer, plain or with TLS: exact reads, writes that wait for the peer to keep up, and one way to
 * fail. A message has a time of its own, and so has each write: a peer that drips is as good as silent.
 */
import type { Socket } from 'node:net';
import { openSocket, type Peer } from '../refuse-link-local.ts';
import { AssociationFailed, CLOSED, CONNECT_TIMEOUT, SILENT } from './association-failed.ts';

/** In PEM. `ca`: trusted in addition to those that everybody trusts. */
type TransportTls = {
  readonly ca: string | null;
  readonly own: { readonly cert: string; readonly key: string } | null;
};

export type TransportSettings = Peer & {
  /** Null: no TLS. */
  readonly tls: TransportTls | null;
  /**
   * Longest wait for a message, and then for each DRIP_BYTES of it. Below about 30 s a PACS that stores a large
   * instance before it answers is given up; far above it a dead one holds a study.
   */
  readonly idleMs?: number;
};

const IDLE_MS = 120_000;
/** Connect timeout, the same as undici's. */
const CONNECT_MS = 10_000;
/** A peer that sends fewer in the longest silence, and does not end its message, is silent: 273 bytes a second. */
const DRIP_BYTES = 16 * 1024;
/** For the last words of an association: nothing depends on them. */
const CLOSING_MS = 2_000;

export class Transport {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #abort: () => void;
  readonly #idleMs: number;
  #held: Buffer = Buffer.alloc(0);
  /** The time that the message was waited for, and the bytes of it that came, since the last DRIP_BYTES of them. */
  #waited = { ms: 0, bytes: 0 };
  /** Nothing of the message has come. */
  #isBeginning = true;
  /** The next piece, where somebody began to wait for it. */
  #coming: Promise<IteratorResult<Buffer>> | null = null;
  #failure: unknown = null;

  constructor(socket: Socket, idleMs: number, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    this.#idleMs = idleMs;
    this.#pieces = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#abort = () => void socket.destroy(new AssociationFailed('given up', CLOSED));
    socket.on('error', (error) => (this.#failure ??= error));
    signal.addEventListener('abort', this.#abort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', this.#abort));
    if (signal.aborted) this.#abort();
  }

  /** The next message of the peer has the whole time again, from when it begins to come. */
  beginMessage(): void {
    this.#isBeginning = true;
    this.#waited = { ms: 0, bytes: 0 };
  }

  /** Exactly `count` bytes; the caller bounds it. Throws AssociationFailed and the signal's reason. */
  async read(count: number): Promise<Buffer> {
    const { ms, bytes } = this.#waited;
    const since = performance.now();
    // Most of what a peer says in small pieces is there already: a timer for each would take longer than they do.
    const hasCome = this.#held.length >= count;
    const read = await (hasCome
      ? this.#fill(count)
      : this.#inTime(() => this.#fill(count), this.#idleMs - ms));
    const isNew = this.#isBeginning || bytes + count >= DRIP_BYTES;
    this.#isBeginning = false;
    this.#waited = isNew ? { ms: 0, bytes: 0 } : { ms: ms + performance.now() - since, bytes: bytes + count };
    return read;
  }

  async #fill(count: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(count);
    for (let filled = 0; filled < count; ) {
      if (this.#held.length === 0) this.#held = await this.#next();
      const part = this.#held.subarray(0, count - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#held = this.#held.subarray(part.length);
    }
    return bytes;
  }

  async #next(): Promise<Buffer> {
    try {
      const { done, value } = await (this.#coming ?? this.#pieces.next());
      this.#coming = null;
      if (done !== true) return value;
    } catch (error) {
      throw this.#asFailure(error);
    }
    throw this.#asFailure(new AssociationFailed('the peer closed the connection', CLOSED));
  }

  /** Whether anything comes within `ms`, for the next `read`. Throws as `read`, but not for silence. */
  async hears(ms: number): Promise<boolean> {
    if (this.#held.length > 0) return true;
    this.#coming ??= this.#pieces.next();
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const timer = setTimeout(resolve, ms, 'late');
    try {
      return (await Promise.race([this.#coming, late])) !== 'late';
    } catch (error) {
      throw this.#asFailure(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when the system has taken them: no more than these wait in memory. Throws as `read`. */
  async write(bytes: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(bytes, (error) => (error == null ? resolve() : reject(error)));
    await this.#inTime(() => promise, this.#idleMs).catch((error: unknown) => {
      throw this.#asFailure(error);
    });
  }

  async #inTime<T>(work: () => Promise<T>, ms: number): Promise<T> {
    const silent = (): void => void this.#socket.destroy(new AssociationFailed('the peer is silent', SILENT));
    const timer = setTimeout(silent, Math.max(ms, 0));
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  /** The first failure decides: a destroyed socket reports what follows from it. */
  #asFailure(error: unknown): unknown {
    this.#signal.throwIfAborted();
    return asAssociationFailed(this.#failure ?? error);
  }

  /** From now on the peer has a moment only, whatever it still sends. */
  hurry(): void {
    if (this.#socket.destroyed) return;
    const timer = setTimeout(() => this.#socket.destroy(), CLOSING_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Ends after these last bytes, whether or not they arrive. */
  end(last: Buffer): void {
    this.hurry();
    this.#socket.end(last, () => this.#socket.destroy());
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Throws AssociationFailed, and the signal's reason. */
export async function openTransport(settings: TransportSettings, signal: AbortSignal): Promise<Transport> {
  signal.throwIfAborted();
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new AssociationFailed('the peer takes no connection', CONNECT_TIMEOUT)),
    CONNECT_MS,
  );
  try {
    const tls = settings.tls === null ? null : await tlsOptions(settings.tls);
    const socket = await openSocket(settings, tls, AbortSignal.any([signal, late.signal]));
    socket.setNoDelay(true);
    return new Transport(socket, settings.idleMs ?? IDLE_MS, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw asAssociationFailed(error);
  } finally {
    clearTimeout(timer);
  }
}

async function tlsOptions({ ca, own }: TransportTls) {
  const { createSecureContext, getCACertificates } = await import('node:tls');
  // Authorities of the site stay trusted (NODE_EXTRA_CA_CERTS, the system's).
  const trusted = ca === null ? {} : { ca: [...getCACertificates('default'), ca] };
  return { secureContext: createSecureContext({ ...trusted, ...own }) };
}

function asAssociationFailed(error: unknown): AssociationFailed {
  if (error instanceof AssociationFailed) return error;
  const { code } = error as { readonly code?: unknown };
  const connection = typeof code === 'string' ? code : CLOSED;
  return new AssociationFailed('the peer cannot be reached', connection, error);
}
