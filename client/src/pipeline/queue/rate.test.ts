import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import { createRate } from './rate.ts';

for (const days of [-3, 3]) {
  test(`setting the clock by ${days} days during an upload disturbs rate and time left for no more than a few seconds`, () => {
    const rate = createRate();
    let at = 0;
    let bytes = 0;
    const travel = (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        bytes += 1_000_000;
        at += 1_000;
        rate.note(bytes, at);
      }
    };
    travel(20);
    at += days * DAY_MS;
    travel(10);
    assert.ok(Math.abs(rate.bytesPerSecond(at) - 1_000_000) < 1_000);
    assert.is(rate.isStalled(at), false);
    assert.is(rate.secondsLeft(5_000_000, at), 5);
  });
}

test.run();
