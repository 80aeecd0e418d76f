// test:all: only the long run of chaos is watched by it
/** A run of chaos that stands still ends, and says where it stood. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { endsWithin, failWhenStill, Standstill, type Clock } from './standstill.ts';

const test = suite('a standstill of chaos');

const MINUTE_MS = 60_000;

/** A clock that runs as fast as it is asked; `seen` hears of each look. */
function clockOf(seen: (now: number) => void): Clock {
  let now = 0;
  return {
    now: () => now,
    wait: async (ms, signal) => {
      signal.throwIfAborted();
      now += ms;
      seen(now);
    },
  };
}

test('is noticed after as many minutes as nothing has moved, and not before', async () => {
  let looked = 0;
  let moved = 0;
  const clock = clockOf((now) => {
    looked = now;
    // Something moves once in four minutes, for an hour.
    if (now <= 60 * MINUTE_MS) moved = Math.floor(now / (4 * MINUTE_MS));
  });
  const watched = {
    limitMinutes: 5,
    progress: () => String(moved),
    places: () => ['study 3 is chosen', 'the page: presses Send'],
  };
  const error = await failWhenStill(watched, new AbortController().signal, clock).catch((e: unknown) => e);
  assert.instance(error, Standstill);
  assert.is(looked, 65 * MINUTE_MS);
  assert.is(
    (error as Error).message,
    'nothing has moved for 5 minutes\n  study 3 is chosen\n  the page: presses Send',
  );
});

test('is looked for until the run has ended', async () => {
  const run = new AbortController();
  const clock = clockOf((now) => {
    if (now > MINUTE_MS) run.abort(new Error('the run has ended'));
  });
  const watched = { limitMinutes: 5, progress: () => '', places: () => [] };
  const error = await failWhenStill(watched, run.signal, clock).catch((e: unknown) => e);
  assert.is((error as Error).message, 'the run has ended');
});

test('does not keep the run from ending: nobody waits for ever until a stalled browser is closed', async () => {
  assert.is(await endsWithin(new Promise(() => undefined), 1), false);
  assert.is(await endsWithin(Promise.resolve(), MINUTE_MS), true);
  const failed = await endsWithin(Promise.reject(new Error('EIO')), MINUTE_MS).catch((e: unknown) => e);
  assert.is((failed as Error).message, 'EIO');
});

test.run();
