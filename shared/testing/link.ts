/**
 * A link that fails on demand: a TCP relay before a server that can be paused after a number of bytes, cut and
 * repaired. It works on connections, not on HTTP, so a cut leaves the same behind as a lost network.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Ear } from './balancer.ts';

export type Link = {
  readonly port: number;
  /** Bytes that went up to the server, all connections together. */
  readonly bytesUp: number;
  /**
   * Milliseconds since the end of the last cut; 0 while the link is cut, Infinity if it never was.
   */
  cutAgoMs(): number;
  /** After this many further bytes upwards nothing passes: `reached` tells, `resume` continues. */
  pauseAfter(bytes: number): { readonly reached: Promise<void>; resume(): void };
  /** Ends every connection and refuses new ones until `mend`. */
  cut(): void;
  mend(): void;
  stop(): Promise<void>;
};

type State = {
  readonly sockets: Set<Socket>;
  bytesUp: number;
  isCut: boolean;
  lastCutAt: number;
  pause: { readonly at: number; reach(): void; readonly resumed: Promise<void> } | null;
};

/**
 * Starts the link on a free port of the loopback (or `port`) before a server on `targetPort`. It asks `listen`
 * for an ear at each connection.
 */
export async function startLink(targetPort: number, port = 0, listen?: () => Ear): Promise<Link> {
  const sockets = new Set<Socket>();
  const state: State = { sockets, bytesUp: 0, isCut: false, lastCutAt: -Infinity, pause: null };
  const server = createServer((device) => {
    track(state, device);
    if (state.isCut) device.destroy();
    else join(state, device, connect(targetPort, '127.0.0.1'), listen?.());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get bytesUp() {
      return state.bytesUp;
    },
    cutAgoMs: () => (state.isCut ? 0 : performance.now() - state.lastCutAt),
    pauseAfter: (bytes) => pauseAfter(state, bytes),
    cut() {
      state.isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      if (state.isCut) state.lastCutAt = performance.now();
      state.isCut = false;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function track({ sockets }: State, socket: Socket): void {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => socket.destroy());
}

/** Joins the two ends of one connection. */
function join(state: State, device: Socket, gateway: Socket, ear?: Ear): void {
  track(state, gateway);
  if (ear) gateway.on('data', (piece: Buffer) => ear.down(piece));
  gateway.pipe(device);
  gateway.on('close', () => {
    ear?.ended('server');
    device.destroy();
  });
  // Bytes that a device sent before it went away still arrive, unless the link is cut.
  device.on('close', () => {
    ear?.ended('client');
    gateway.destroySoon();
  });
  device.on('data', (piece: Buffer) => {
    state.bytesUp += piece.length;
    ear?.up(piece);
    carryUp(state, device, gateway, piece);
  });
  device.on('end', () => gateway.end());
}

function carryUp({ pause, bytesUp }: State, device: Socket, gateway: Socket, piece: Buffer): void {
  if (pause && bytesUp >= pause.at) {
    device.pause();
    pause.reach();
    void pause.resumed.then(() => {
      if (!gateway.destroyed) gateway.write(piece);
      device.resume();
    });
    return;
  }
  if (!gateway.write(piece)) {
    device.pause();
    gateway.once('drain', () => device.resume());
  }
}

function pauseAfter(state: State, bytes: number): ReturnType<Link['pauseAfter']> {
  const reached = Promise.withResolvers<void>();
  const resumed = Promise.withResolvers<void>();
  state.pause = { at: state.bytesUp + bytes, reach: reached.resolve, resumed: resumed.promise };
  return {
    reached: reached.promise,
    resume() {
      state.pause = null;
      resumed.resolve();
    },
  };
}
