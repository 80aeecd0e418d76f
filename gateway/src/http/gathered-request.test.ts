/** Bodies that their sender cut into single bytes: the same bytes, in as many pieces as came at once. */
import { randomBytes } from 'node:crypto';
import { IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Hono } from 'hono';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openPort } from './open-port.ts';
import type { GatewayContext, GatewayEnv } from './route.ts';
import { plainPort } from '../testing/plain-port.ts';

const test = suite('a body in small chunks');

/** The answer of a port whose handler is `answer`, to a body of these chunks, sent as fast as it goes. */
async function answerTo(
  chunks: readonly Uint8Array[],
  answer: (c: GatewayContext) => Promise<string>,
): Promise<string> {
  const app = new Hono<GatewayEnv>().post('*', async (c) => c.text(await answer(c)));
  const server = await openPort(app, 0, plainPort());
  const head =
    'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
  const framed = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  const told = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(Buffer.concat([Buffer.from(head), ...framed, Buffer.from('0\r\n\r\n')]));
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    socket.on('close', () => resolve(text)).on('error', () => undefined);
  });
  await new Promise((resolve) => server.close(resolve));
  return told.split('\r\n').at(-1) ?? '';
}

const socketOf = (c: GatewayContext): IncomingMessage => {
  const incoming = c.env.incoming;
  assert.ok(incoming instanceof IncomingMessage);
  return incoming;
};
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const piecesOf = (c: GatewayContext): Promise<Uint8Array[]> => Array.fromAsync(c.req.raw.body!);

/** Less than the server takes of a body that nobody reads. */
const ONES = Array.from({ length: 60_000 }, (_, at) => Uint8Array.of(at & 0xff));

test('60 000 of one byte come in as few pieces as they were received, read at once or later', async () => {
  for (const isLate of [false, true]) {
    const told = await answerTo(ONES, async (c) => {
      while (isLate && !socketOf(c).complete) await nextTurn();
      const pieces = await piecesOf(c);
      assert.ok(Buffer.concat(pieces).equals(Buffer.concat(ONES)));
      return String(pieces.length);
    });
    assert.ok(Number(told) > 0 && Number(told) < 100, `${told} pieces`);
  }
});

test('while nobody reads they are held as a few, by whoever reads the socket itself too', async () => {
  const told = await answerTo(ONES, async (c) => {
    const socket = socketOf(c);
    while (!socket.complete) await nextTurn();
    const pieces: Uint8Array[] = [];
    for await (const piece of socket.on('data', (one: Uint8Array) => pieces.push(one))) void piece;
    assert.ok(Buffer.concat(pieces).equals(Buffer.concat(ONES)));
    return String(pieces.length);
  });
  assert.ok(Number(told) > 0 && Number(told) < 100, `${told} pieces`);
});

test('chunks of every size come in their order, however slowly they are read', async () => {
  const sizes = Array.from({ length: 400 }, (_, at) => [1, 7, 100_000, 3_000, 40_000][at % 5]! + at);
  const chunks = sizes.map((size) => randomBytes(size));
  const told = await answerTo(chunks, async (c) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of c.req.raw.body!) {
      pieces.push(piece);
      await nextTurn();
    }
    return String(Buffer.concat(pieces).equals(Buffer.concat(chunks)));
  });
  assert.is(told, 'true');
});

test('a reader that stops early still answers', async () => {
  const told = await answerTo(ONES, async (c) => {
    for await (const piece of c.req.raw.body!) return `${piece.length > 0}`;
    return 'nothing came';
  });
  assert.is(told, 'true');
});

test.run();
