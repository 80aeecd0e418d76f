/** Bodies in pieces of any size: the same bytes, and memory that their number does not decide. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { gatherBytes, joinBytes, joinChunks } from './gather-bytes.ts';

const test = suite('gathered bytes');

test('one byte at a time takes as much memory as the bytes, and a large piece is not copied', () => {
  const gathered = gatherBytes();
  for (let at = 0; at < 200_000; at += 1) gathered.add(Uint8Array.of(at & 0xff));
  const large = new Uint8Array(100_000).fill(7);
  gathered.add(large);
  gathered.add(Uint8Array.of(1));
  const chunks = gathered.chunks();
  assert.is(gathered.size(), 300_001);
  assert.is(chunks.length, 6);
  assert.ok(chunks.includes(large));
  const held = new Set(chunks.map(({ buffer }) => buffer));
  assert.ok([...held].reduce((sum, { byteLength }) => sum + byteLength, 0) < 500_000);
  const joined = Buffer.concat(chunks);
  assert.ok(joined.subarray(0, 200_000).every((byte, at) => byte === (at & 0xff)));
});

test('pieces of any size come out joined', async () => {
  const sizes = [0, 1, 70_000, 3, 40_000, 40_000, 65_536, 10];
  const pieces = sizes.map((size, at) => new Uint8Array(size).fill(at));
  const whole = Buffer.concat(pieces);
  const joined = await joinBytes(
    (async function* () {
      yield* pieces;
    })(),
  );
  assert.ok(Buffer.from(joined).equals(whole));
});

test('large chunks are joined in turns of the event loop', async () => {
  let turns = 0;
  let counting = setImmediate(function next() {
    turns += 1;
    counting = setImmediate(next);
  });
  const chunks = Array.from({ length: 40 }, () => new Uint8Array(1024 ** 2).fill(7));
  const joined = await joinChunks(chunks);
  clearImmediate(counting);
  assert.is(joined.length, 40 * 1024 ** 2);
  assert.ok(joined.every((byte) => byte === 7));
  assert.ok(
    chunks.every(({ byteLength }) => byteLength === 0),
    'their memory was given back',
  );
  assert.ok(turns >= 5, `${turns} turns`);
});

test.run();
