import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closed } from './closed.ts';
import { startShapedLink } from './shaped-link.ts';
import { listenOnLoopback } from './listen-on-loopback.ts';

const FAST = { roundTripMs: 4, bitsPerSecond: 1e9 };
const body = Buffer.from(Array.from({ length: 500_000 }, (_, at) => at % 251));

/** A cut may be an error to the client; it is over then all the same. */

/** A server that takes what comes and gives each connection's bytes when it ends. */
async function startServer(onSocket: (socket: Socket) => void): Promise<{ port: number; stop(): void }> {
  const server = createServer({ allowHalfOpen: true }, onSocket);
  const port = await listenOnLoopback(server);
  return { port, stop: () => void server.close() };
}

test('every byte arrives in order, in both directions, and the end after it', async () => {
  const echo = await startServer((socket) => void socket.pipe(socket));
  const link = await startShapedLink({ targetPort: echo.port, ...FAST });
  const client = connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true });
  client.end(body);
  assert.ok((await buffer(client)).equals(body));
  assert.equal([link.counts().up, link.counts().down], [body.length, body.length]);
  await link.stop();
  echo.stop();
});

test('a cut ends every connection at its byte, and later connections are served again', async () => {
  const received: Promise<Buffer>[] = [];
  const sink = await startServer((socket) => void received.push(buffer(socket).finally(() => socket.end())));
  const link = await startShapedLink({ targetPort: sink.port, ...FAST, cutsAt: [123_456] });
  const send = async (): Promise<void> => {
    const client = connect({ port: link.port, host: '127.0.0.1' });
    client.on('error', () => client.destroy());
    client.end(body);
    client.resume();
    await closed(client);
  };
  await send();
  assert.equal((await received[0]!).length, 123_456);
  // A link that was cut refuses for a round trip.
  while (link.counts().connections < 2) await send();
  assert.ok((await received[1]!).equals(body));
  assert.equal(link.counts().cuts, 1);
  await link.stop();
  sink.stop();
});

test('at a silent cut the server is not told', async () => {
  const sockets: Socket[] = [];
  const sink = await startServer((socket) => void sockets.push(socket.resume()));
  const link = await startShapedLink({
    targetPort: sink.port,
    ...FAST,
    cutsAt: [1_000, 2_000],
    isSilent: true,
  });
  const send = async (): Promise<void> => {
    const client = connect({ port: link.port, host: '127.0.0.1' });
    client.on('error', () => client.destroy());
    client.write(body);
    await closed(client);
  };
  while (link.counts().cuts < 2) await send();
  const [told, untold] = sockets as [Socket, Socket];
  if (!told.readableEnded) await once(told, 'end');
  assert.equal(untold.readableEnded, false);
  assert.equal(untold.bytesRead, 1_000);
  await link.stop();
  sink.stop();
});

test.run();
