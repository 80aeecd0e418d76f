/** Requests that bring much wait for a place. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Problem } from '#shared/protocol/problem.ts';
import { createPlaces } from './places.ts';

const test = suite('places for requests');
const { signal: never } = new AbortController();
const FEW = { atOnce: 4, ofOne: 2 };
const settled = () => new Promise((resolve) => setImmediate(resolve));
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'entered',
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );

/** Asks for a place and notes when it is given. */
function ask({ enter }: ReturnType<typeof createPlaces>, account: string, given: string[], signal = never) {
  const asked = enter(account, signal);
  asked.then(
    () => given.push(account),
    () => undefined,
  );
  return { asked, leave: async () => (await asked)() };
}

test('four at once, two of one account; the next is of the account that has the fewest, in their order', async () => {
  const places = createPlaces(FEW);
  const given: string[] = [];
  const all = ['a', 'a', 'a', 'b', 'b', 'c', 'a', 'd'].map((account) => ask(places, account, given));
  await settled();
  assert.equal(given, ['a', 'a', 'b', 'b']);
  await all[3]!.leave();
  await settled();
  assert.equal(given.slice(4), ['c'], 'the third of a waits on: a has two');
  await all[0]!.leave();
  await settled();
  assert.equal(given.slice(5), ['d'], 'a has one still');
  await all[1]!.leave();
  await all[4]!.leave();
  await settled();
  assert.equal(given.slice(6), ['a', 'a']);
});

test('a caller that hangs up or would wait too long gives up its turn; the others have theirs', async () => {
  const places = createPlaces(FEW, 5);
  const given: string[] = [];
  const held = ['a', 'a', 'b', 'b'].map((account) => ask(places, account, given));
  const caller = new AbortController();
  const hungUp = ask(places, 'c', given, caller.signal);
  caller.abort();
  assert.is(await codeOf(hungUp.asked), 'called-off');
  assert.is(await codeOf(places.enter('c', caller.signal)), 'called-off');
  assert.is(await codeOf(places.enter('c', never)), 'rate-limited', 'after 5 ms');
  await held[0]!.leave();
  assert.is(await codeOf(places.enter('c', never)), 'entered');
});

test('sixteen of one account wait, and 64 in all', async () => {
  const places = createPlaces(FEW);
  const given: string[] = [];
  const waitingOf = (account: string, count: number) =>
    Array.from({ length: count }, () => ask(places, account, given));
  for (const account of ['a', 'b', 'c', 'd']) waitingOf(account, 16);
  waitingOf('a', 2);
  waitingOf('b', 2);
  assert.is(await codeOf(places.enter('a', never)), 'rate-limited', 'the seventeenth');
  assert.equal(given, ['a', 'a', 'b', 'b']);
});

test('a line that others have filled has room for an account that has nothing in it, and its turn comes first', async () => {
  const places = createPlaces({ atOnce: 2, ofOne: 1 });
  const given: string[] = [];
  const refused: string[] = [];
  const all = ['a', 'b', 'c', 'd'].flatMap((account) =>
    Array.from({ length: 17 }, () => ({ account, ...ask(places, account, given) })),
  );
  for (const { account, asked } of all) asked.catch(() => refused.push(account));
  const newcomer = ask(places, 'e', given);
  await settled();
  assert.equal(given, ['a', 'b']);
  assert.is(refused.length, 3, 'one of each line that was too long, and one for the newcomer');
  await all[0]!.leave();
  await all[17]!.leave();
  await settled();
  assert.equal(given.slice(2), ['c', 'd'], 'they have had no turn either, and came before');
  await all[34]!.leave();
  await settled();
  assert.equal(given.slice(4), ['e'], 'before the second turn of anybody');
  await newcomer.leave();
});

test('large ones take more of it, and small ones do not pass one for which there is no room yet', async () => {
  const places = createPlaces({ atOnce: 10, ofOne: 6 });
  const given: string[] = [];
  const enter = (account: string, size: number) =>
    places.enter(account, never, size).then((leave) => {
      given.push(`${account}${size}`);
      return leave;
    });
  const all = [enter('a', 5), enter('b', 4), enter('a', 3), enter('c', 2), enter('d', 1), enter('e', 100)];
  await settled();
  assert.equal(given, ['a5', 'b4'], 'a has its own; d would fit, but c is before it');
  (await all[0]!)();
  await settled();
  assert.equal(given.slice(2), ['c2', 'd1'], 'a has had a turn, and e is next');
  (await all[1]!)();
  await settled();
  assert.equal(given.slice(4), ['e100'], 'as large as all that an account may have');
  (await all[3]!)();
  await settled();
  assert.equal(given.slice(5), ['a3']);
});

test.run();
