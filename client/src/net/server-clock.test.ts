import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import { createServerClock } from './server-clock.ts';

const NOON = Date.parse('2026-11-20T12:00:00Z');

/** A gateway whose clock is right, and a tablet whose clock is `offBy` milliseconds ahead of it. */
function worldOff(offBy: number) {
  const world = { time: NOON, offBy, kept: [] as number[] };
  const clock = createServerClock({
    wall: () => world.time + world.offBy,
    monotonic: () => world.time - NOON,
    keep: (offset) => void world.kept.push(offset),
  });
  /** Makes an exchange: the gateway answers after `toMs`, and its answer comes back after `backMs`. */
  const answer = (toMs = 50, backMs = 50, headers: Record<string, string> = {}) => {
    const arrived = clock.exchange();
    world.time += toMs;
    const date = new Date(Math.floor(world.time / 1000) * 1000).toUTCString();
    world.time += backMs;
    arrived(new Headers({ date, ...headers }));
  };
  return { world, clock, answer, error: () => Math.abs(clock.now() - world.time) };
}

for (const days of [-3, 0, 3]) {
  test(`a tablet whose clock is ${days} days off knows the gateway's time after one answer, to a second`, () => {
    const { answer, error } = worldOff(days * DAY_MS);
    answer();
    assert.ok(error() <= 1_000, `${error()} ms`);
  });
}

test('a clock that is set back or on while a study travels is known after the next answer', () => {
  const { world, answer, error } = worldOff(0);
  for (let i = 0; i < 10; i += 1) answer();
  for (const jump of [-3 * DAY_MS, 3 * DAY_MS, -3_600_000, 90_000]) {
    world.offBy += jump;
    answer();
    assert.ok(error() <= 1_000, `${error()} ms after a jump of ${jump}`);
  }
});

test('slow answers are corrected by half of their way, and one outlier changes nothing', () => {
  const { answer, error } = worldOff(0);
  for (let i = 0; i < 5; i += 1) answer(100, 100);
  answer(0, 8_000);
  answer(9_000, 9_000);
  assert.ok(error() <= 1_000, `${error()} ms`);
});

test('an answer from a cache, or without a date, says nothing of the time', () => {
  const { clock, world, answer, error } = worldOff(0);
  answer(0, 0, { age: '86400', date: new Date(NOON - DAY_MS).toUTCString() });
  clock.exchange()(new Headers());
  clock.exchange()(new Headers({ date: 'yesterday' }));
  assert.is(error(), 0);
  assert.equal(world.kept, []);
});

test('the offset of the last visit holds until the first answer, and is saved only when it changes', () => {
  const { clock, world, answer, error } = worldOff(3 * DAY_MS);
  clock.recall(-3 * DAY_MS);
  assert.is(error(), 0);
  for (let i = 0; i < 20; i += 1) answer();
  assert.is(world.kept.length, 1);
  clock.recall(0);
  assert.ok(error() <= 1_000);
});

test.run();
