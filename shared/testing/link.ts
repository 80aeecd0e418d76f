/**
 * A link that fails on demand: a TCP relay before a server which can be paused after so many bytes, cut, and
 * mended.
 *
 * Works on connections, not on HTTP: what a cut leaves behind is what a lost network leaves behind.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Ear } from './balancer.ts';

export type Link = {
  readonly port: number;
  /** Bytes that went up to the server, all connections together. */
  readonly bytesUp: number;
  /**
   * Milliseconds since the last cut, or since it was mended; 0 while it is cut, Infinity where it never was.
   */
  cutAgoMs(): number;
  /** After this many further bytes upwards nothing more passes: `reached` says so, `resume` lets it go on. */
  pauseAfter(bytes: number): { readonly reached: Promise<void>; resume(): void };
  /** Ends every connection and refuses new ones until `mend`. */
  cut(): void;
  mend(): void;
  stop(): Promise<void>;
};

/**
 * Starts the link on a free port of the loopback (or `port`) before a server on `targetPort`. `listen` is
 * asked for an ear at each connection.
 */
export async function startLink(targetPort: number, port = 0, listen?: () => Ear): Promise<Link> {
  const sockets = new Set<Socket>();
  let bytesUp = 0;
  let isCut = false;
  let lastCutAt = -Infinity;
  let pause: { at: number; reach(): void; resumed: Promise<void> } | null = null;

  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };

  const server = createServer((device) => {
    track(device);
    if (isCut) {
      device.destroy();
      return;
    }
    const gateway = connect(targetPort, '127.0.0.1');
    track(gateway);
    const ear = listen?.();
    if (ear) gateway.on('data', (piece: Buffer) => ear.down(piece));
    gateway.pipe(device);
    gateway.on('close', () => {
      ear?.ended('server');
      device.destroy();
    });
    // What a device had sent before it went away still arrives, unless the link is cut.
    device.on('close', () => {
      ear?.ended('client');
      gateway.destroySoon();
    });
    device.on('data', (piece: Buffer) => {
      bytesUp += piece.length;
      ear?.up(piece);
      const stopping = pause && bytesUp >= pause.at ? pause : null;
      if (stopping) {
        device.pause();
        stopping.reach();
        void stopping.resumed.then(() => {
          if (!gateway.destroyed) gateway.write(piece);
          device.resume();
        });
        return;
      }
      if (!gateway.write(piece)) {
        device.pause();
        gateway.once('drain', () => device.resume());
      }
    });
    device.on('end', () => gateway.end());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    get bytesUp() {
      return bytesUp;
    },
    cutAgoMs: () => (isCut ? 0 : performance.now() - lastCutAt),
    pauseAfter(bytes) {
      const reached = Promise.withResolvers<void>();
      const resumed = Promise.withResolvers<void>();
      pause = { at: bytesUp + bytes, reach: reached.resolve, resumed: resumed.promise };
      return {
        reached: reached.promise,
        resume() {
          pause = null;
          resumed.resolve();
        },
      };
    },
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      if (isCut) lastCutAt = performance.now();
      isCut = false;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
