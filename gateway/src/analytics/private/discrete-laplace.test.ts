/** The noise of private counts has exactly the distribution that their promise rests on. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { drawLaplace, type DrawBelow } from './discrete-laplace.ts';

const test = suite('the noise of private counts');
const DRAWS = 100_000;

/** Mulberry32, without the bias of a remainder. */
function seeded(seed: number): DrawBelow {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return (below) => {
    for (;;) {
      const drawn = next();
      if (drawn < 2 ** 32 - (2 ** 32 % below)) return drawn % below;
    }
  };
}

/** Pearson's statistic over the values from -`reach` to `reach`, and all beyond them together. */
function chiSquare(scale: number, reach: number, drawn: readonly number[]): number {
  const alpha = Math.exp(-1 / scale);
  const chance = (value: number): number => ((1 - alpha) / (1 + alpha)) * alpha ** Math.abs(value);
  const values = Array.from({ length: 2 * reach + 1 }, (_, at) => at - reach);
  const counts = new Map(values.map((value) => [value, 0]));
  for (const value of drawn) if (counts.has(value)) counts.set(value, counts.get(value)! + 1);
  const within = values.reduce((sum, value) => sum + chance(value), 0);
  const beyond = drawn.length - [...counts.values()].reduce((sum, count) => sum + count, 0);
  const cells = [
    ...values.map((value) => ({ seen: counts.get(value)!, expected: chance(value) * drawn.length })),
    { seen: beyond, expected: (1 - within) * drawn.length },
  ];
  return cells.reduce((sum, { seen, expected }) => sum + (seen - expected) ** 2 / expected, 0);
}

test('is distributed as the formula says, by a chi-square test', () => {
  const draw = seeded(16);
  const drawn = Array.from({ length: DRAWS }, () => drawLaplace(10, draw));
  // 61 degrees of freedom: 99.8 is exceeded once in a thousand times.
  assert.ok(chiSquare(10, 30, drawn) < 99.8, `${chiSquare(10, 30, drawn)}`);
  const fine = Array.from({ length: DRAWS }, () => drawLaplace(1, draw));
  // 11 degrees of freedom.
  assert.ok(chiSquare(1, 5, fine) < 31.3, `${chiSquare(1, 5, fine)}`);
  // The test can tell: another scale by a tenth, and a nought that is twice as likely, are found out.
  assert.ok(chiSquare(11, 30, drawn) > 99.8);
  assert.ok(
    chiSquare(
      1,
      5,
      fine.map((value, at) => (at % 20 === 0 ? 0 : value)),
    ) > 31.3,
  );
});

test.run();
