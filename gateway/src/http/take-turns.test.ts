/** Turns: never more of one caller at once than may be, in the order in which they came. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createTurns } from './take-turns.ts';

const never = new AbortController().signal;
const test = suite('turns');

test('one caller has only so many at once, and another one does not wait for them', async () => {
  const turns = createTurns(2);
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const take = (caller: string, name: string, signal = never) =>
    turns(caller, signal, async () => {
      began.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
    });
  const all = [take('a', 'a1'), take('a', 'a2'), take('a', 'a3'), take('a', 'a4'), take('b', 'b1')];
  assert.equal(began, ['a1', 'a2', 'b1']);
  ends[0]!();
  await all[0];
  assert.equal(began, ['a1', 'a2', 'b1', 'a3']);
  for (let at = 1; at < 5; at += 1) {
    ends[at]!();
    await Promise.resolve();
    await new Promise(setImmediate);
  }
  await Promise.all(all);
  assert.equal(began, ['a1', 'a2', 'b1', 'a3', 'a4']);
});

test('one that fails or has left gives its turn away', async () => {
  const turns = createTurns(1);
  const left = new AbortController();
  const failing = turns('a', never, async () => {
    left.abort(new Error('left'));
    throw new RangeError('failed');
  });
  const leaving = turns('a', left.signal, async () => 'not done');
  const last = turns('a', never, async () => 'done');
  const outcomes = await Promise.allSettled([failing, leaving, last]);
  assert.equal(
    outcomes.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message)),
    ['failed', 'left', 'done'],
  );
});

test.run();
