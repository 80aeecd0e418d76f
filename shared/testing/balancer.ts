/**
 * A load balancer before several servers, on the level of TCP: each connection goes to one by lot (in turn, a
 * client that asks before it sends would always send to the same one); a server that does not answer is
 * passed over. A connection that has carried so many bytes upwards is ended, so that one client's requests
 * come to all servers.
 */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { seededRandom } from './synthetic-study.ts';
import { listenOnLoopback } from './listen-on-loopback.ts';

export type Balancer = {
  readonly port: number;
  /** Bytes that went up, for each server. */
  readonly bytesUp: readonly number[];
  /** Connections that it has ended. */
  readonly ended: number;
  stop(): Promise<void>;
};

/** A connection to the first of `ports`, from `from` on, that accepts one; null where none does. */
async function connectFrom(
  ports: readonly number[],
  from: number,
): Promise<{ socket: Socket; which: number } | null> {
  for (let step = 0; step < ports.length; step += 1) {
    const which = (from + step) % ports.length;
    const socket = connect(ports[which]!, '127.0.0.1');
    const isThere = await new Promise<boolean>((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    );
    if (isThere) return { socket, which };
  }
  return null;
}

/** The side that ended a connection. */
export type EndedBy = 'client' | 'server' | 'balancer';

/** Hears what passes on one connection, in order, and who ended it. */
export type Ear = { up(piece: Buffer): void; down(piece: Buffer): void; ended(by: EndedBy): void };

/** A connection and the one behind it. `carry` hears of bytes upwards, and answers whether more may pass. */
type Pair = {
  readonly client: Socket;
  readonly server: Socket;
  readonly ear: Ear | undefined;
  readonly carry: (bytes: number) => boolean;
};

function joinPair({ client, server, ear, carry }: Pair): void {
  let endedBy: EndedBy | null = null;
  const end = (by: EndedBy): void => {
    if (endedBy === null) ear?.ended(by);
    endedBy ??= by;
  };
  server
    .on('end', () => end('server'))
    .on('close', () => {
      end('server');
      client.destroy();
    });
  client
    .on('end', () => end('client'))
    .on('close', () => {
      end('client');
      // Bytes already received from it still reach the server, as in a real network.
      server.destroySoon();
    });
  client.on('data', (piece: Buffer) => {
    ear?.up(piece);
    if (carry(piece.length)) return;
    end('balancer');
    client.destroy();
  });
  if (ear) server.on('data', (piece: Buffer) => ear.down(piece));
  client.pipe(server);
  server.pipe(client);
}

/** Starts it on a free port of the loopback. `listen` is asked for an ear at each connection. */
export async function startBalancer(
  ports: readonly number[],
  endAfterBytes: number,
  listen?: () => Ear,
): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void =>
    void sockets.add(socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket)));
  const bytesUp = ports.map(() => 0);
  let ended = 0;
  const random = seededRandom(1);
  const server = createServer({ pauseOnConnect: true }, async (client) => {
    track(client);
    const behind = await connectFrom(ports, Math.floor(random() * ports.length));
    if (behind === null) return void client.destroy();
    track(behind.socket);
    let carried = 0;
    const carry = (bytes: number): boolean => {
      bytesUp[behind.which]! += bytes;
      carried += bytes;
      const isOver = carried > endAfterBytes;
      if (isOver) ended += 1;
      return !isOver;
    };
    joinPair({ client, server: behind.socket, ear: listen?.(), carry });
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    bytesUp,
    get ended() {
      return ended;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
