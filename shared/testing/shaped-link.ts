/**
 * A slow link in user space: a TCP relay before a server, with a round-trip time, a bandwidth in each
 * direction that all connections share, a bounded queue before each wire, and cuts after so many bytes.
 *
 * Promises: within a percent, so many bytes take bytes ÷ bandwidth (scripts/bench/raw-tcp.ts measures it in
 * the same run); a new connection costs a round trip, as TCP's handshake does; a sender that is faster than
 * the wire waits, it is not buffered without end. Does not lose or reorder single packets, and knows no slow
 * start: it is the link that a long-lived connection sees. The kernel's socket buffers of the loopback lie
 * before and behind it, as those of the hosts do.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createSerialLine } from './serial-line.ts';
import type { Gap, SerialLine } from './serial-line.ts';

export type LinkShape = {
  readonly targetPort: number;
  readonly roundTripMs: number;
  /** In each direction. */
  readonly bitsPerSecond: number;
  /**
   * Positions in the bytes that reach the server, all connections together, at which every connection dies;
   * ascending.
   */
  readonly cutsAt?: readonly number[];
  /**
   * At every second cut the server is not told: its sockets stay open and silent, as when a radio is out of
   * reach.
   */
  readonly isSilent?: boolean;
  /** On the loopback; a free one where it is not given. */
  readonly port?: number;
};

export type LinkCounts = {
  /** Bytes handed to the server's socket, and to the clients'. */
  readonly up: number;
  readonly down: number;
  readonly connections: number;
  readonly cuts: number;
  /** When the wire upwards stood idle between two pieces; `from` in milliseconds since 1970. */
  readonly idleUp: readonly Gap[];
};

export type ShapedLink = {
  readonly port: number;
  counts(): LinkCounts;
  stop(): Promise<void>;
};

/** The longest that a piece occupies the wire, so that others wait no longer behind a bulk transfer. */
const QUANTUM_MS = 5;
/** Node reads at most this from a socket at once. */
const READ_BYTES = 64 * 1024;

type Piece = { readonly arrivesAt: number; readonly to: Socket; readonly bytes: Buffer | 'end' | 'close' };

/** A direction of the link, for all connections. */
type Direction = {
  readonly line: SerialLine;
  /** Carries bytes from one socket to the other, once the handshake is over. */
  carry(from: Socket, to: Socket, startsAt: number): void;
  lose(): void;
};

const now = (): number => performance.timeOrigin + performance.now();

/** Pieces on the wire, and sockets that wait for room on it. */
class ShapedDirection implements Direction {
  readonly line: SerialLine;
  readonly #queueBytes: number;
  readonly #quantum: number;
  readonly #hand: (piece: Piece) => void;
  readonly #waiting = new Set<Socket>();
  #underWay: Piece[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(shape: LinkShape, hand: (piece: Piece) => void) {
    const bytesPerSecond = shape.bitsPerSecond / 8;
    // The bytes of one round trip: the rule of thumb for a router's buffer.
    this.#queueBytes = Math.max(READ_BYTES, (bytesPerSecond * shape.roundTripMs) / 1000);
    this.#quantum = Math.max(1500, Math.floor((bytesPerSecond * QUANTUM_MS) / 1000));
    this.#hand = hand;
    this.line = createSerialLine({
      bytesPerSecond,
      delayMs: shape.roundTripMs / 2,
      queueBytes: this.#queueBytes,
    });
  }

  carry(from: Socket, to: Socket, startsAt: number): void {
    from.pause();
    setTimeout(() => this.#wait(from), Math.max(0, startsAt - now()));
    from.on('data', (bytes: Buffer) => {
      this.#put(to, bytes);
      // The receiver's window is shut: nothing more is taken from the sender until the receiver has read.
      if (to.writableNeedDrain) {
        from.pause();
        to.once('drain', () => this.#wait(from));
      } else if (this.line.queued(now()) >= this.#queueBytes) this.#wait(from);
    });
    from.on('end', () => this.#put(to, 'end'));
    from.on('close', () => {
      this.#waiting.delete(from);
      this.#put(to, 'close');
    });
  }

  lose(): void {
    this.#underWay = [];
    this.#waiting.clear();
    this.line.clear(now());
  }

  #turn(): void {
    this.#timer = null;
    const at = now();
    let arrived = 0;
    while (arrived < this.#underWay.length && this.#underWay[arrived]!.arrivesAt <= at) arrived += 1;
    for (const piece of this.#underWay.splice(0, arrived)) this.#hand(piece);
    // The socket that has waited longest reads first: the connections share the wire evenly.
    let room = this.#queueBytes - this.line.queued(at);
    for (const socket of this.#waiting) {
      if (room <= 0) break;
      this.#waiting.delete(socket);
      socket.resume();
      room -= READ_BYTES;
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== null) return;
    const room = this.#waiting.size > 0 ? this.line.roomAt() : Infinity;
    const next = Math.min(this.#underWay[0]?.arrivesAt ?? Infinity, room);
    if (next < Infinity) this.#timer = setTimeout(() => this.#turn(), Math.max(1, Math.ceil(next - now())));
  }

  #wait(socket: Socket): void {
    socket.pause();
    this.#waiting.add(socket);
    this.#schedule();
  }

  #put(to: Socket, bytes: Piece['bytes']): void {
    if (typeof bytes === 'string') this.#underWay.push({ arrivesAt: this.line.send(0, now()), to, bytes });
    else {
      for (let at = 0; at < bytes.length; at += this.#quantum) {
        const part = bytes.subarray(at, at + this.#quantum);
        this.#underWay.push({ arrivesAt: this.line.send(part.length, now()), to, bytes: part });
      }
    }
    this.#schedule();
  }
}

function createDirection(
  shape: LinkShape,
  silenced: WeakSet<Socket>,
  deliver: (to: Socket, bytes: Buffer) => void,
): Direction {
  return new ShapedDirection(shape, ({ to, bytes }) => {
    if (to.destroyed || silenced.has(to)) return;
    if (bytes === 'end') to.end();
    else if (bytes === 'close') to.destroy();
    else deliver(to, bytes);
  });
}

/** The connections through the link, each a pair of sockets, and the cuts. */
class Connections {
  readonly #shape: LinkShape;
  readonly #cutsAt: number[];
  readonly #counts = { up: 0, down: 0, connections: 0, cuts: 0 };
  readonly #sockets = new Set<Socket>();
  /** The sockets to the server. */
  readonly #servers = new Set<Socket>();
  /** Sockets that stay open behind a silent cut, and hear nothing more. */
  readonly #silenced = new WeakSet<Socket>();
  readonly #up: Direction;
  readonly #down: Direction;
  #deafUntil = 0;

  constructor(shape: LinkShape) {
    this.#shape = shape;
    this.#cutsAt = [...(shape.cutsAt ?? [])];
    this.#up = createDirection(shape, this.#silenced, (to, bytes) => this.#deliverUp(to, bytes));
    this.#down = createDirection(shape, this.#silenced, (to, bytes) => {
      this.#counts.down += bytes.length;
      to.write(bytes);
    });
  }

  get counts(): LinkCounts {
    return { ...this.#counts, idleUp: this.#up.line.gaps };
  }

  accept(client: Socket): void {
    this.#track(client);
    if (now() < this.#deafUntil) return void client.destroy();
    this.#counts.connections += 1;
    const target = connect({ port: this.#shape.targetPort, host: '127.0.0.1', allowHalfOpen: true });
    this.#track(target);
    this.#servers.add(target);
    const startsAt = now() + this.#shape.roundTripMs;
    // Bytes handed to a connection that does not stand yet would vanish with it at a cut, and it with them.
    const refuse = (): void => void client.destroy();
    target.once('close', refuse);
    target.once('connect', () => {
      target.off('close', refuse);
      if (client.destroyed) return void target.destroy();
      this.#up.carry(client, target, startsAt);
      this.#down.carry(target, client, now());
    });
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#loseAll();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#servers.delete(socket);
    });
  }

  #deliverUp(to: Socket, bytes: Buffer): void {
    const until = this.#cutsAt[0] ?? Infinity;
    const passing = bytes.subarray(0, Math.max(0, until - this.#counts.up));
    this.#counts.up += passing.length;
    to.write(passing);
    if (this.#counts.up < until) return;
    this.#cutsAt.shift();
    this.#cut();
  }

  #cut(): void {
    this.#counts.cuts += 1;
    this.#deafUntil = now() + this.#shape.roundTripMs;
    // Bytes handed over that have not left this process are lost too.
    for (const socket of this.#servers) this.#counts.up -= socket.writableLength;
    const isSilent = this.#shape.isSilent === true && this.#counts.cuts % 2 === 0;
    for (const socket of this.#sockets) if (!(isSilent && this.#servers.has(socket))) socket.destroy();
    if (isSilent) for (const socket of this.#servers) this.#silenced.add(socket);
    this.#servers.clear();
    this.#loseAll();
  }

  #loseAll(): void {
    this.#up.lose();
    this.#down.lose();
  }
}

/** Starts the link before a server on `targetPort` of the loopback. */
export async function startShapedLink(shape: LinkShape): Promise<ShapedLink> {
  const connections = new Connections(shape);
  const server = createServer({ allowHalfOpen: true }, (client) => connections.accept(client));
  await new Promise<void>((resolve) => server.listen(shape.port ?? 0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    counts: () => connections.counts,
    async stop() {
      connections.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
