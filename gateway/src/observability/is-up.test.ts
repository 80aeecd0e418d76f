import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneAtATime } from './is-up.ts';

test('however many ask at the same time, the part is asked once, and again for those who come later', async () => {
  let asked = 0;
  const ask = oneAtATime(async () => {
    asked += 1;
    return asked;
  });
  assert.equal(await Promise.all(Array.from({ length: 1_000 }, ask)), Array<number>(1_000).fill(1));
  assert.is(await ask(), 2);
});

test('a question that failed is asked again', async () => {
  let asked = 0;
  const ask = oneAtATime(async () => {
    asked += 1;
    if (asked === 1) throw new Error('away');
    return asked;
  });
  const first = await ask().catch(() => 'failed');
  assert.equal([first, await ask()], ['failed', 2]);
});

test.run();
