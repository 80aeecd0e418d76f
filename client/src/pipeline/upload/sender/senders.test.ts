/** Waiting for a sign-in. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { untilRight } from './senders.ts';

test('a sign-in while the right is being checked is not missed', async () => {
  let changed = Promise.withResolvers<void>();
  let isHere = false;
  const slept: number[] = [];
  const right = {
    async mayGive() {
      const was = isHere;
      isHere = true;
      changed.resolve();
      changed = Promise.withResolvers<void>();
      return was;
    },
  };
  const forever = new Promise<void>(() => undefined);
  const sleep = (ms: number): Promise<void> => {
    slept.push(ms);
    return slept.length === 1 ? Promise.resolve() : forever;
  };
  await untilRight(right, () => changed.promise, { now: () => 0, sleep }, new AbortController().signal);
  assert.is(slept.length, 2, 'the sign-in, and not a minute, ended the wait');
});

test.run();
