import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { correlationIdFor } from './observe-request.ts';
import { createRateLimit } from './rate-limit.ts';

test('over any time, nobody gets more than a minute’s worth and what has refilled since', async () => {
  await fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600 }),
      fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 400 }),
      (perMinute, pauses) => {
        let now = 0;
        const limit = createRateLimit(perMinute, () => now);
        let allowed = 0;
        for (const pause of pauses) {
          now += pause;
          if (limit.take('a') === 0) allowed += 1;
        }
        return allowed <= perMinute + (now / 60_000) * perMinute + 1e-6;
      },
    ),
  );
});

test('a caller that waits as long as it is told is let in', async () => {
  await fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (perMinute) => {
      let now = 0;
      const limit = createRateLimit(perMinute, () => now);
      for (let i = 0; i < perMinute; i += 1) limit.take('a');
      const seconds = limit.take('a');
      now += seconds * 1000;
      return seconds > 0 && limit.take('b') === 0 && limit.take('a') === 0;
    }),
  );
});

test('a trace that began elsewhere continues here; an invalid one is not believed', () => {
  const next = () => 'new';
  assert.is(
    correlationIdFor('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', next),
    '4bf92f3577b34da6a3ce929d0e0e4736',
  );
  for (const header of [
    undefined,
    '',
    'PLANTED^NAME',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
  ]) {
    assert.is(correlationIdFor(header, next), 'new');
  }
});

test.run();
