/**
 * Bytes that arrived before a connection died, or before the device came back by another, are not sent again.
 */
import { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createCutBody, type LettingGo } from './cut-body.ts';

const test = suite('the body of a request that is cut');
const NEVER_MS = 600_000;

function body(lettingGo: LettingGo) {
  const socket = new Readable({ read: () => undefined });
  const cut = createCutBody(socket, lettingGo);
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
  const cut = createCutBody(endless, { silenceMs: NEVER_MS, mostMs: 20 });
  cut.letGo();
  for await (const _piece of cut);
  assert.ok(cut.isCut());
  endless.destroy();
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
