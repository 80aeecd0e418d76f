/**
 * Bytes that arrived before a connection died, or before the device came back by another, are not sent again.
 */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createCutBody, type LettingGo } from './cut-body.ts';

const test = suite('the body of a request that is cut');
const NEVER_MS = 600_000;

function body(lettingGo: LettingGo) {
  const socket = new Readable({ read: () => undefined });
  const cut = createCutBody(socket, undefined, lettingGo);
  return { socket, cut, read: async () => Buffer.concat(await Array.fromAsync(cut)).toString() };
}

test('bytes that arrived before the cut are passed on', async () => {
  const { socket, cut, read } = body({ silenceMs: NEVER_MS, mostMs: NEVER_MS });
  socket.push('one ');
  socket.push('two');
  const came = read();
  setImmediate(() => socket.destroy(new Error('cut')));
  assert.is(await came, 'one two');
  assert.ok(cut.isCut());
});

test('a replaced request still takes the bytes that flow in', async () => {
  const { socket, cut, read } = body({ silenceMs: NEVER_MS, mostMs: NEVER_MS });
  socket.push('one ');
  const came = read();
  cut.letGo();
  setImmediate(() => {
    socket.push('two');
    setImmediate(() => socket.destroy(new Error('its connection ended at last')));
  });
  assert.is(await came, 'one two');
});

test('it ends when nothing flows in any more, even if its connection never ends', async () => {
  const { socket, cut, read } = body({ silenceMs: 5, mostMs: NEVER_MS });
  socket.push('one');
  const came = read();
  cut.letGo();
  assert.is(await came, 'one');
  assert.ok(cut.isCut());
});

test('it ends after a while, even if bytes keep flowing in', async () => {
  const endless = Readable.from(
    (async function* () {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        yield Buffer.from('more ');
      }
    })(),
  );
  const cut = createCutBody(endless, undefined, { silenceMs: NEVER_MS, mostMs: 20 });
  cut.letGo();
  for await (const _piece of cut);
  assert.ok(cut.isCut());
  endless.destroy();
});

test('a stopped request stays cut, even if its connection then ends normally', async () => {
  const { socket, cut } = body({ silenceMs: NEVER_MS, mostMs: NEVER_MS });
  socket.push('one');
  await cut[Symbol.asyncIterator]().next();
  cut.stop();
  socket.push(null);
  await once(socket, 'end');
  await new Promise((next) => setImmediate(next));
  assert.ok(cut.isCut());
});

test('while nobody takes its bytes little more is read, and nothing is lost', async () => {
  const pieceBytes = 64 * 1024;
  const pieces = 200;
  let given = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      given += 1;
      controller.enqueue(new Uint8Array(pieceBytes));
      if (given === pieces) controller.close();
    },
  });
  const cut = createCutBody(source);
  for (let turn = 0; turn < 2_000; turn += 1) await new Promise((next) => setImmediate(next));
  assert.ok(given * pieceBytes < 1024 * 1024, `${given} pieces`);
  let taken = 0;
  for await (const piece of cut) taken += piece.length;
  assert.is(taken, pieces * pieceBytes);
  assert.not.ok(cut.isCut());
});

test('single bytes that nobody takes are held as a few pieces', async () => {
  const socket = new Readable({ read: () => undefined });
  const cut = createCutBody(socket);
  for (let at = 0; at < 3_000; at += 1) {
    socket.push(Uint8Array.of(at & 0xff));
    await new Promise((next) => setImmediate(next));
  }
  socket.push(null);
  const pieces = await Array.fromAsync(cut);
  assert.is(Buffer.concat(pieces).length, 3_000);
  assert.is(pieces.length, 1);
});

test('a finished request is not cut by a late call', async () => {
  const { socket, cut, read } = body({ silenceMs: 1, mostMs: 1 });
  socket.push('all');
  socket.push(null);
  assert.is(await read(), 'all');
  cut.letGo();
  cut.stop();
  assert.not.ok(cut.isCut());
});
test.run();
