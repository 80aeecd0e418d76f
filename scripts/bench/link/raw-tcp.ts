/**
 * The control: so many bytes over one plain connection through the link, to a sink that answers with one byte
 * when it has them all. Any time beyond bytes ÷ bandwidth and a round trip is the fault of the shaper or the
 * machine.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { forkShapedLink } from '#testing/shaped-link-process.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

export type Wire = { readonly roundTripMs: number; readonly bitsPerSecond: number };

const PIECE = Buffer.alloc(64 * 1024);
/** Before the clock starts, so that the connection stands: the sink answers it too. */
const GREETING = 1;

/** Answers one byte to the greeting, and one to the last of `bytes` more. */
async function startSink(bytes: number): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay(true));
    let left = bytes + GREETING;
    socket.on('error', () => socket.destroy());
    socket.on('data', (piece) => {
      const before = left;
      left -= piece.length;
      if (before === bytes + GREETING || left === 0) socket.write('.');
    });
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Milliseconds from the first of `bytes` to the answer, on a connection that stands. */
export async function timeRawTcp(wire: Wire, bytes: number): Promise<number> {
  const sink = await startSink(bytes);
  const link = await forkShapedLink({ targetPort: sink.port, ...wire });
  try {
    const socket = connect(link.port, '127.0.0.1').setNoDelay(true);
    await once(socket, 'connect');
    socket.write('.');
    await once(socket, 'data');
    const begun = performance.now();
    socket.write('.');
    for (let left = bytes - 1; left > 0; left -= PIECE.length) {
      if (!socket.write(PIECE.subarray(0, left))) await once(socket, 'drain');
    }
    await once(socket, 'data');
    const ms = performance.now() - begun;
    socket.destroy();
    return ms;
  } finally {
    await link.stop();
    await sink.stop();
  }
}
