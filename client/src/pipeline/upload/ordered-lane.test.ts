import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createOrderedLane } from './ordered-lane.ts';

const { signal } = new AbortController();
const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Work that ends when it is told to, and says when it began. */
function bench(width: number, ranks: Record<string, number>, firstAlways = false) {
  const lane = createOrderedLane({ width: () => width, order: (of) => ranks[of] ?? 99, firstAlways });
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (of: string, until: AbortSignal = signal) =>
    lane.run(
      of,
      async () => {
        log.push(of);
        await new Promise<void>((resolve) => ends.set(of, resolve));
      },
      until,
    );
  return { lane, log, start, end: async (of: string) => (ends.get(of)!(), await soon()), ranks };
}

test('what goes first is next, whoever waited longer; of equals who came first', async () => {
  const { log, start, end } = bench(1, { a: 1, b: 2, c: 1 });
  const all = [start('b'), start('x'), start('c'), start('a')];
  for (const one of ['b', 'c', 'a', 'x']) {
    await soon();
    await end(one);
  }
  await Promise.all(all);
  assert.equal(log, ['b', 'c', 'a', 'x']);
});

test('the order may change while they wait', async () => {
  const { log, start, end, ranks } = bench(1, { a: 1, b: 2, c: 3 });
  const all = [start('a'), start('b'), start('c')];
  await soon();
  ranks.c = 0;
  for (const one of ['a', 'c', 'b']) await end(one);
  await Promise.all(all);
  assert.equal(log, ['a', 'c', 'b']);
});

test('what is under way gives way to what goes before it, and to nothing else, and goes on afterwards', async () => {
  const { lane, log, start, end } = bench(1, { first: 1, mine: 2, later: 3 });
  const pieces = Promise.withResolvers<void>();
  const mine = lane.run(
    'mine',
    async (giveWay) => {
      log.push('mine 1');
      await pieces.promise;
      await giveWay();
      log.push('mine 2');
    },
    signal,
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

test('the first of all need not wait for a place where that was asked for', async () => {
  const { log, start, end } = bench(1, { a: 2, b: 1, c: 3 }, true);
  const all = [start('a'), start('c'), start('b')];
  await soon();
  assert.equal(log, ['a', 'b']);
  for (const one of ['a', 'b', 'c']) await end(one);
  await Promise.all(all);
});

test('who gives up while waiting takes no place', async () => {
  const { log, start, end } = bench(1, {});
  const gone = new AbortController();
  const a = start('a');
  const b = start('b', gone.signal);
  gone.abort(new Error('paused'));
  await b.then(
    () => assert.unreachable(),
    (error) => assert.is(error.message, 'paused'),
  );
  await end('a');
  await a;
  const c = start('c');
  await soon();
  await end('c');
  await c;
  assert.equal(log, ['a', 'c']);
});

test.run();
