/**
 * A connection to a peer, plain or with TLS: exact reads, writes that wait for the peer to keep up, and one way to
 * fail. Each message and each write has its own time limit. A peer that sends only a few bytes at a time counts as
 * silent.
 */
import type { Socket } from 'node:net';
import { openSocket, type Peer } from '../refuse-link-local.ts';
import { AssociationFailed, CLOSED, CONNECT_TIMEOUT, SILENT } from './association-failed.ts';

/** In PEM. `ca`: authorities trusted in addition to the default ones. */
type TransportTls = {
  readonly ca: string | null;
  readonly own: { readonly cert: string; readonly key: string } | null;
};

export type TransportSettings = Peer & {
  /** Null: no TLS. */
  readonly tls: TransportTls | null;
  /**
   * Longest wait for a message, and then for each DRIP_BYTES of it. Below about 30 s we would give up on a PACS that
   * stores a large instance before it answers; far above it a dead PACS would block a study.
   */
  readonly idleMs?: number;
};

const IDLE_MS = 120_000;
/** Connect timeout, the same as undici's. */
const CONNECT_MS = 10_000;
/**
 * The fewest bytes that a peer must send of an unfinished message within the longest silence (273 bytes a second).
 * Otherwise it counts as silent.
 */
const DRIP_BYTES = 16 * 1024;
/** The time for closing an association. Nothing depends on these messages. */
const CLOSING_MS = 2_000;

export class Transport {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #abort: () => void;
  readonly #idleMs: number;
  #held: Buffer = Buffer.alloc(0);
  /** How long we have waited for the message, and how many of its bytes came, since the last DRIP_BYTES of it. */
  #waited = { ms: 0, bytes: 0 };
  /** Nothing of the message has arrived. */
  #isBeginning = true;
  /** The pending next piece, if a read of it has begun. */
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

  /** Restarts the time limit for the next message, counted from when its first bytes arrive. */
  beginMessage(): void {
    this.#isBeginning = true;
    this.#waited = { ms: 0, bytes: 0 };
  }

  /** Reads exactly `count` bytes; the caller limits `count`. Throws AssociationFailed and the signal's reason. */
  async read(count: number): Promise<Buffer> {
    const { ms, bytes } = this.#waited;
    const since = performance.now();
    // Most small pieces have already arrived, and a timer for each would take longer than the read.
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

  /** Whether anything arrives within `ms`; it is left for the next `read`. Throws as `read`, but not for silence. */
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

  /** Resolves when the system has taken the bytes, so that no more than these wait in memory. Throws as `read`. */
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

  /** The first failure counts: a destroyed socket only reports consequences of it. */
  #asFailure(error: unknown): unknown {
    this.#signal.throwIfAborted();
    return asAssociationFailed(this.#failure ?? error);
  }

  /** From now on the peer has only a short time, whatever it still sends. */
  hurry(): void {
    if (this.#socket.destroyed) return;
    const timer = setTimeout(() => this.#socket.destroy(), CLOSING_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Closes the connection after these last bytes, whether or not they arrive. */
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
  // The site's own authorities stay trusted (NODE_EXTRA_CA_CERTS, those of the system).
  const trusted = ca === null ? {} : { ca: [...getCACertificates('default'), ca] };
  return { secureContext: createSecureContext({ ...trusted, ...own }) };
}

function asAssociationFailed(error: unknown): AssociationFailed {
  if (error instanceof AssociationFailed) return error;
  const { code } = error as { readonly code?: unknown };
  const connection = typeof code === 'string' ? code : CLOSED;
  return new AssociationFailed('the peer cannot be reached', connection, error);
}
