/** Kappa and its intervals, compared with figures that another program computed (Python, from the same papers). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cohensKappa, fleissKappa, type Kappa } from './kappa.ts';

const test = suite('agreement');

/** Lehmer's generator (Park and Miller 1988), so that both programs count the same readings. */
function readingsOf(subjects: number, readers: number, categories: number, agreeing: number): number[][] {
  let state = 16;
  const draw = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return Array.from({ length: subjects }, () => {
    const truth = Math.floor(draw() * categories);
    return Array.from({ length: readers }, () =>
      draw() < agreeing ? truth : Math.floor(draw() * categories),
    );
  });
}
const isNear = (found: Kappa | null, expected: readonly number[]): void =>
  assert.equal(
    [found?.kappa, found?.low, found?.high].map((value) => value?.toFixed(9)),
    expected.map((value) => value.toFixed(9)),
  );

test('Cohen’s kappa of two readers', () => {
  const kappaOf = (...of: Parameters<typeof readingsOf>) =>
    cohensKappa(readingsOf(...of).map(([one, other]) => [one!, other!] as const));
  isNear(kappaOf(200, 2, 3, 0.8), [0.59477712742, 0.503200054532, 0.686354200308]);
  isNear(kappaOf(250, 2, 2, 0.5), [0.298200842159, 0.180766951632, 0.415634732686]);
  isNear(kappaOf(220, 2, 5, 0), [-0.017210377601, -0.080231384336, 0.045810629134]);
});

test('Fleiss’ kappa of several readers', () => {
  const kappaOf = (...of: Parameters<typeof readingsOf>) => fleissKappa(readingsOf(...of));
  isNear(kappaOf(60, 3, 3, 0.8), [0.656680312616, 0.531438462811, 0.781922162421]);
  isNear(kappaOf(80, 5, 2, 0.4), [0.234827836263, 0.126508870625, 0.343146801901]);
  isNear(kappaOf(70, 2, 4, 0.6), [0.323671497585, 0.165961565507, 0.481381429662]);
});

test('where nobody chose another category there is no kappa', () => {
  assert.is(cohensKappa([]), null);
  assert.is(cohensKappa([['a', 'a'] as const, ['a', 'a'] as const]), null);
  assert.is(
    fleissKappa([
      ['a', 'a'],
      ['a', 'a'],
    ]),
    null,
  );
  assert.is(
    fleissKappa([
      ['a', 'b', 'a'],
      ['a', 'b'],
    ]),
    null,
  );
});

test.run();
