/** Slow holders of places are ended while others wait: whose, and how many. */
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
  return {
    ...{ places, ended, come },
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

test('one that keeps the pace is never ended, whatever its account has', async () => {
  const { places, ended, come, pass } = openPlaces();
  const fast: Holder[] = [];
  for (const name of ['a1', 'a2', 'a3', 'a4']) fast.push(await come(name, 'a'));
  const slow = [await come('b1', 'b'), await come('b2', 'b')];
  pass(LOOK_MS, [
    ...fast.map((holder) => [holder, 1] as const),
    ...slow.map((holder) => [holder, 0.9] as const),
  ]);
  for (const name of ['c1', 'c2']) fast.push(await come(name, 'c'));
  assert.equal(ended, ['b1', 'b2']);
  pass(
    LOOK_MS,
    fast.map((holder) => [holder, 1] as const),
  );
  let isIn = false;
  const waiting = places.enter({ account: 'd', signal, size: 1, lose: () => undefined });
  void waiting.then(() => {
    isIn = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal([isIn, ended.length], [false, 2]);
  fast[0]!.leave();
  (await waiting).leave();
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
