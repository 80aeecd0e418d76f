/** Places that their holders lose while others wait: slow holders first, and then accounts that have more. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LOOK_MS, PacedPlaces, type Holder } from './paced-places.ts';

const test = suite('places whose holders are waited for');
const { signal } = new AbortController();
/** A place is filled in 20 s at the least pace: by a byte each millisecond. */
const PLACE_BYTES = 20_000;

/** Six places, of which an account may have five. All time is the test's own. */
function openPlaces() {
  let now = 0;
  const places = new PacedPlaces({ atOnce: 6, ofOne: 5 }, { placeBytes: PLACE_BYTES, clock: () => now });
  /** Names of those that were ended, in that order. */
  const ended: string[] = [];
  const come = async (name: string, account: string, size = 1): Promise<Holder> => {
    const lose = (): void => {
      ended.push(name);
      holder.leave();
    };
    const holder: Holder = await places.enter({ account, signal, size, lose });
    holder.wait();
    return holder;
  };
  /** Whether a newcomer of the account comes in at once; it leaves again. */
  const comesIn = async (account: string): Promise<boolean> => {
    const caller = new AbortController();
    const entering = places.enter({ account, signal: caller.signal, size: 1, lose: () => undefined });
    const isIn = entering.then(
      (holder) => {
        holder.leave();
        return true;
      },
      () => false,
    );
    await new Promise((resolve) => setImmediate(resolve));
    caller.abort();
    return isIn;
  };
  return {
    ...{ places, ended, come, comesIn },
    /** Each of them moves so many bytes a millisecond meanwhile, and is waited for again. */
    pass(ms: number, moving: readonly (readonly [Holder, number])[] = []) {
      now += ms;
      for (const [holder, pace] of moving) {
        holder.moved(pace * ms);
        holder.wait();
      }
    },
  };
}

test('the account with the most loses its slow ones first, and no more than are needed', async () => {
  const { ended, come, pass } = openPlaces();
  await come('a1', 'a');
  for (const name of ['b1', 'b2', 'b3']) await come(name, 'b');
  for (const name of ['c1', 'c2']) await come(name, 'c');
  pass(LOOK_MS);
  await come('d1', 'd');
  assert.equal(ended, ['b1']);
  await come('d2', 'd', 2);
  assert.equal(ended.slice(1).sort(), ['b2', 'c1'], 'of two that have two each, one loses one');
});

test('an account has as much as its places, not its holders', async () => {
  const { ended, come, pass } = openPlaces();
  for (const name of ['a1', 'a2']) await come(name, 'a');
  await come('b1', 'b', 3);
  pass(LOOK_MS);
  await come('c1', 'c', 3);
  assert.equal(ended, ['b1']);
});

test('slow holders go before those that keep the pace, and for an account that has less', async () => {
  const { ended, come, pass } = openPlaces();
  const fast: Holder[] = [];
  for (const name of ['a1', 'a2', 'a3']) fast.push(await come(name, 'a'));
  for (const name of ['b1', 'b2', 'b3']) await come(name, 'b');
  const moving = fast.map((holder) => [holder, 1] as const);
  pass(LOOK_MS, moving);
  await come('c1', 'c');
  assert.equal(ended, ['b1']);
  pass(LOOK_MS, moving);
  await come('c2', 'c');
  assert.equal(ended.slice(1), ['b2']);
  pass(LOOK_MS, moving);
  await come('d1', 'd');
  assert.equal(ended.slice(2), ['c1'], 'c has two, and is slow too');
});

test('an account that has nothing gets a place of one that has several, whatever their pace', async () => {
  const { ended, come, comesIn, pass } = openPlaces();
  const all: Holder[] = [];
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) all.push(await come(name, 'a'));
  all.push(await come('b1', 'b'));
  for (const account of ['c', 'd', 'e', 'f']) {
    pass(
      LOOK_MS,
      all.map((holder) => [holder, 1] as const),
    );
    all.push(await come(`${account}1`, account));
  }
  assert.equal(ended, ['a1', 'a2', 'a3', 'a4']);
  assert.is(await comesIn('g'), false, 'each account has one');
  all.at(-1)!.leave();
  assert.is(await comesIn('g'), true);
  assert.is(ended.length, 4);
});

test('accounts that keep the pace come to have as many places each, and then nobody loses one', async () => {
  const { ended, come, comesIn } = openPlaces();
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) await come(name, 'a');
  for (const name of ['b1', 'b2', 'b3']) await come(name, 'b');
  assert.equal(ended, ['a1', 'a2']);
  assert.is(await comesIn('a'), false);
  assert.is(await comesIn('b'), false);
  assert.is(ended.length, 2);
});

test('holders that nobody waits for yet, or any more, keep their place, and one that is leaving is enough', async () => {
  const { places, ended, come } = openPlaces();
  const lost: string[] = [];
  const enter = (name: string) =>
    places.enter({ account: 'a', signal, size: 1, lose: () => lost.push(name) });
  await enter('works');
  const settled = await enter('settled');
  settled.wait();
  settled.settle();
  const slowToLeave = await enter('moving');
  slowToLeave.wait();
  for (const name of ['a1', 'a2']) await come(name, 'a');
  await come('b1', 'b');
  const coming = [come('c1', 'c'), come('d1', 'd')];
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal([lost, ended], [['moving'], []]);
  slowToLeave.leave();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal([lost, ended], [['moving'], ['a1']]);
  await Promise.all(coming);
});

test('a slow holder keeps its place before accounts that have as much', async () => {
  const { ended, come, comesIn, pass } = openPlaces();
  for (const name of ['a1', 'b1', 'b2', 'b3', 'b4', 'c1']) await come(name, name[0]!);
  pass(LOOK_MS);
  for (const account of ['b', 'c']) assert.is(await comesIn(account), account === 'c');
  assert.equal(ended, ['b1']);
});

test('a holder that brings much at once is judged by what it brings in the long run', async () => {
  const { ended, come, comesIn, pass } = openPlaces();
  const fast = await come('a1', 'a');
  const slow = await come('b1', 'b');
  for (const account of ['c', 'd', 'e', 'f']) (await come(`${account}1`, account)).settle();
  for (let at = 0; at < 9; at += 1) {
    pass(LOOK_MS * 0.9);
    await comesIn('g');
    fast.moved(LOOK_MS * 0.95);
    slow.moved(LOOK_MS * 0.85);
    for (const holder of [fast, slow]) holder.wait();
  }
  assert.equal(ended, ['b1']);
});

test('much that came before excuses no long pause, and whoever keeps the pace after one is not slow', async () => {
  const { ended, come, comesIn, pass } = openPlaces();
  const burst = await come('a1', 'a');
  const paused = await come('b1', 'b');
  for (const account of ['c', 'd', 'e', 'f']) (await come(`${account}1`, account)).settle();
  pass(LOOK_MS * 10);
  pass(LOOK_MS, [
    [burst, 100],
    [paused, 1.5],
  ]);
  pass(LOOK_MS, [[paused, 1.1]]);
  await come('g1', 'g');
  assert.is(await comesIn('h'), false);
  assert.equal(ended, ['a1']);
});

test('a pause that is shorter than a look, and time in which nobody waits for the holder, are not slow', async () => {
  const { ended, come, pass } = openPlaces();
  await come('b1', 'b');
  pass(1);
  for (const name of ['a1', 'a2']) await come(name, 'a');
  const worked = [await come('a3', 'a'), await come('a4', 'a'), await come('a5', 'a')];
  for (const holder of worked) holder.moved(0);
  pass(LOOK_MS - 1);
  await come('c1', 'c');
  assert.equal(ended, ['b1']);
  pass(LOOK_MS);
  await come('c2', 'c');
  assert.equal(ended, ['b1', 'a1']);
});

test.run();
