/** Pieces that a task gives out, from the side that takes them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { givenPieces } from './given-pieces.ts';

const { signal } = new AbortController();
const test = suite('the pieces of a task');

test('are not kept once they were taken, however many there are', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const all: WeakRef<object>[] = [];
  const pieces = givenPieces<object, null>(async (give) => {
    for (let i = 0; i < 20; i += 1) {
      const piece = { i };
      all.push(new WeakRef(piece));
      await give(piece);
    }
    return null;
  }, signal);
  for (let i = 0; i < 20; i += 1) await pieces.next();
  // A WeakRef holds its target until the event loop turns.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  assert.ok(all.filter((one) => one.deref() !== undefined).length <= 2);
  assert.equal(await pieces.next(), { done: true, value: null });
});

test('come in order, and then what the task answers or throws', async () => {
  const failure = new Error('the thread ended');
  for (const end of ['answers', 'throws'] as const) {
    const pieces = givenPieces<number, string>(async (give) => {
      await give(1);
      void give(2);
      if (end === 'throws') throw failure;
      return 'whole';
    }, signal);
    assert.equal(
      [await pieces.next(), await pieces.next()].map(({ value }) => value),
      [1, 2],
    );
    const last = await pieces.next().catch((error: unknown) => error);
    assert.equal(last, end === 'throws' ? failure : { done: true, value: 'whole' });
  }
});

test('tell the task when nobody takes any more', async () => {
  let over: AbortSignal | null = null;
  for await (const piece of givenPieces<number, null>(async (give, until) => {
    over = until;
    await give(1);
    return null;
  }, signal)) {
    assert.is(piece, 1);
    break;
  }
  assert.is((over as AbortSignal | null)?.aborted, true);
});
test.run();
