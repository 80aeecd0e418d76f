/** Slow work of one account holds up nobody else's. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFairLine, createThreadLine } from './fair-line.ts';

const test = suite('a fair line');

/** Each piece of work ends when it is told to; `begun` lists those that began, in their order. */
function workers(places: readonly number[]) {
  const line = createFairLine(places);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (account: string, name: string): Promise<string> =>
    line(account, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => void ends.set(name, resolve));
      return name;
    });
  return { add, begun, end: (name: string) => ends.get(name)?.() };
}

/** All that is possible has begun. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('gives an account one place, whatever it asks for: another one comes at once', async () => {
  const { add, begun, end } = workers([1, 2]);
  const slow = [add('slow', 's1'), add('slow', 's2'), add('slow', 's3')];
  const honest = add('honest', 'h1');
  await settled();
  assert.equal(begun, ['s1', 'h1']);
  end('h1');
  assert.is(await honest, 'h1');
  await settled();
  assert.equal(begun, ['s1', 'h1'], 'a place is kept free of an account that has one');
  for (const name of ['s1', 's2', 's3']) {
    end(name);
    await settled();
  }
  assert.equal(await Promise.all(slow), ['s1', 's2', 's3']);
});

test('goes round: each account has its turn before any has another one', async () => {
  const { add, begun, end } = workers([1]);
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) void add(name[0]!, name);
  for (let i = 0; i < 6; i += 1) {
    await settled();
    end(begun.at(-1)!);
  }
  assert.equal(begun, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
});

test('an account that gives up leaves the line, and a place is given on once it is idle', async () => {
  const idle = Promise.withResolvers<void>();
  const line = createThreadLine([{ idle: () => idle.promise }]);
  const gaveUp = new AbortController();
  const slow = line('a', () => Promise.reject(new Error('given up')));
  const begun: string[] = [];
  const add = (account: string, signal?: AbortSignal) =>
    line(account, async () => void begun.push(account), signal).catch(String);
  const leaver = add('b', gaveUp.signal);
  const next = add('c');
  assert.match(await slow.catch(String), /given up/);
  gaveUp.abort(new Error('left'));
  assert.match(`${await leaver}`, /left/);
  await settled();
  assert.equal(begun, []);
  idle.resolve();
  await next;
  assert.equal(begun, ['c']);
});

test('work that comes one by one has the place that was used last', async () => {
  const line = createFairLine([1, 2, 3]);
  const used: number[] = [];
  for (const account of ['a', 'b', 'a', 'c']) await line(account, async (place) => void used.push(place));
  assert.equal(new Set(used).size, 1, `${used}`);
});

test('continues after work that failed', async () => {
  const line = createFairLine([1]);
  const failed = line('a', () => Promise.reject(new Error('failed')));
  const next = line('b', async (place) => place);
  assert.instance(await failed.catch((error: unknown) => error), Error);
  assert.is(await next, 1);
});

test.run();
