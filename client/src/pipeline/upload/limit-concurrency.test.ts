import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createConcurrencyLimit } from './limit-concurrency.ts';
import { failureOf } from '../../testing/failure-of.ts';

const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Work that ends on command and logs its start. */
function openLimit(width: number, ranks: Record<string, number>, firstAlways = false) {
  const limit = createConcurrencyLimit({ width: () => width, order: (of) => ranks[of] ?? 99, firstAlways });
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (of: string, signal?: AbortSignal) =>
    limit.run(
      async () => {
        log.push(of);
        await new Promise<void>((resolve) => ends.set(of, resolve));
      },
      { of, ...(signal ? { signal } : {}) },
    );
  const end = async (of: string): Promise<void> => {
    ends.get(of)!();
    await soon();
  };
  return { limit, log, start, end, ranks };
}

test('work with priority is next, however long others have waited; equals run in order of arrival', async () => {
  const { log, start, end } = openLimit(1, { a: 1, b: 2, c: 1 });
  const all = [start('b'), start('x'), start('c'), start('a')];
  for (const one of ['b', 'c', 'a', 'x']) {
    await soon();
    await end(one);
  }
  await Promise.all(all);
  assert.equal(log, ['b', 'c', 'a', 'x']);
});

test('without an order the first to arrive is next, and no more run than the width allows', async () => {
  const limit = createConcurrencyLimit({ width: () => 2 });
  const log: string[] = [];
  let underWay = 0;
  const work = (name: string) => async () => {
    underWay += 1;
    log.push(`${name} ${underWay}`);
    await soon();
    underWay -= 1;
  };
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => limit.run(work(name))));
  assert.equal(log, ['a 1', 'b 2', 'c 2', 'd 2']);
});

test('the order may change while they wait', async () => {
  const { log, start, end, ranks } = openLimit(1, { a: 1, b: 2, c: 3 });
  const all = [start('a'), start('b'), start('c')];
  await soon();
  ranks.c = 0;
  for (const one of ['a', 'c', 'b']) await end(one);
  await Promise.all(all);
  assert.equal(log, ['a', 'c', 'b']);
});

test('work under way gives way only to work that goes before it, and resumes afterwards', async () => {
  const { limit, log, start, end } = openLimit(1, { first: 1, mine: 2, later: 3 });
  const pieces = Promise.withResolvers<void>();
  const mine = limit.run(
    async (giveWay) => {
      log.push('mine 1');
      await pieces.promise;
      await giveWay();
      log.push('mine 2');
    },
    { of: 'mine' },
  );
  const others = [start('later'), start('first')];
  await soon();
  pieces.resolve();
  await soon();
  assert.equal(log, ['mine 1', 'first']);
  await end('first');
  await mine;
  await soon();
  await end('later');
  await Promise.all(others);
  assert.equal(log, ['mine 1', 'first', 'mine 2', 'later']);
});

test('with `firstAlways` the first in order does not wait for a place', async () => {
  const { log, start, end } = openLimit(1, { a: 2, b: 1, c: 3 }, true);
  const all = [start('a'), start('c'), start('b')];
  await soon();
  assert.equal(log, ['a', 'b']);
  for (const one of ['a', 'b', 'c']) await end(one);
  await Promise.all(all);
});

test('work that is aborted while it waits takes no place', async () => {
  const { log, start, end } = openLimit(1, {});
  const gone = new AbortController();
  const a = start('a');
  const b = start('b', gone.signal);
  gone.abort(new Error('paused'));
  assert.is((await failureOf(b)).message, 'paused');
  await end('a');
  await a;
  const c = start('c');
  await soon();
  await end('c');
  await c;
  assert.equal(log, ['a', 'c']);
});

test.run();
