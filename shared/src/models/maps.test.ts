/** The values computed from the models' answers, on answers that can be checked by hand. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { drawnFilm } from '#testing/drawn-film.ts';
import { heatMap, layOver, lungMap, signedMap } from './heat-map.ts';
import { integratedGradients, isComplete } from './integrated-gradients.ts';
import { lungFields, markedLungs } from './lung-fields.ts';
import type { RunModel } from './model.ts';

const test = suite('maps');
const rgba = (
  { data, width }: { data: Uint8ClampedArray; width: number },
  x: number,
  y: number,
): number[] => [...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)];
const FILM = { rows: 2, columns: 2, grey: new Float32Array([0, 0.5, 1, 0.5]) };

test('a heat map is transparent where there is nothing, and full at its largest value', () => {
  const map = heatMap(new Float32Array([0, 0, -3, 8]), 2, { width: 40, height: 20 });
  assert.equal([map.width, map.height, map.data.length], [40, 20, 3200]);
  assert.is(rgba(map, 0, 0)[3], 0);
  assert.is(rgba(map, 0, 19)[3], 0);
  assert.equal(rgba(map, 39, 19), [252, 255, 164, 255]);
  assert.ok(rgba(map, 25, 15)[3]! > 0 && rgba(map, 25, 15)[3]! < 255);
  assert.ok(
    heatMap(new Float32Array(4), 2, { width: 4, height: 4 }).data.every(
      (value, at) => at % 4 !== 3 || value === 0,
    ),
  );
});

test('attributions for and against have colours of their own', () => {
  const map = signedMap(new Float32Array([1, -1, 0, 0]), 2, { width: 2, height: 2 });
  assert.equal(
    [rgba(map, 0, 0), rgba(map, 1, 0), rgba(map, 0, 1)[3]],
    [[213, 94, 0, 255], [0, 114, 178, 255], 0],
  );
});

test('the film shines through as much as the map lets it', () => {
  const none = layOver(FILM, heatMap(new Float32Array(4), 2, { width: 2, height: 2 }), 1);
  assert.equal([...none], [0, 0, 0, 128, 128, 128, 255, 255, 255, 128, 128, 128]);
  const lungs = lungMap(
    { side: 2, right: new Uint8Array([1, 0, 0, 0]), left: new Uint8Array([0, 1, 0, 0]) },
    { width: 2, height: 2 },
  );
  const over = layOver(FILM, lungs, 1);
  assert.ok(over[1]! > over[0]! && over[6] === 255);
});

test('the two largest parts are the lungs, the one further left the right lung; crumbs are none', async () => {
  const mask = new Float32Array(128 * 128);
  const fill = (x: number, width: number, height: number): void => {
    for (let y = 10; y < 10 + height; y += 1) mask.fill(0.9, y * 128 + x, y * 128 + x + width);
  };
  fill(80, 30, 50);
  fill(10, 20, 40);
  fill(60, 2, 2);
  const lungs = await lungFields(drawnFilm(64, 64), async () => ({
    mask: { dims: [1, 1, 128, 128], data: mask },
  }));
  const count = (one: Uint8Array): number => one.reduce((sum, value) => sum + value, 0);
  assert.equal([count(lungs.right), count(lungs.left)], [800, 1500]);
  assert.is(lungs.fraction, 2304 / 16384);
  // Left half of the map: all of the right lung, nothing of the left.
  const map = new Float32Array(400).map((_, at) => (at % 20 < 10 ? 1 : 0.4));
  assert.equal([markedLungs(map, 20, lungs).right, markedLungs(map, 20, lungs).left], [1, 0]);
  assert.equal(markedLungs(new Float32Array(400), 20, lungs), { right: 0, left: 0, inside: null });
});

/** log odds = Σ max(0, w·x − 0.3) with a bend of its own for each pixel, and its gradient. */
const bent: RunModel = async ({ dims, data }) => {
  const pixels = 160 * 160;
  const slope = (at: number): number => ((at % pixels) % 7) - 3;
  const isOn = (at: number): boolean => slope(at) * data[at]! > 0.3;
  const heightOf = (n: number): number =>
    data
      .subarray(n * pixels, (n + 1) * pixels)
      .reduce((sum, value, at) => sum + (isOn(n * pixels + at) ? slope(at) * value - 0.3 : 0), 0);
  const logOdds = Float32Array.from({ length: dims[0]! }, (_, n) => heightOf(n) / 1000);
  return {
    log_odds: { dims: [dims[0]!], data: logOdds },
    gradient: { dims, data: data.map((_, at) => (isOn(at) ? slope(at) / 1000 : 0)) },
  };
};

test('attributions of a function with thousands of bends add up to its difference', async () => {
  for (const steps of [8, 64]) {
    const { sum, difference, attributions } = await integratedGradients(drawnFilm(200, 200), bent, { steps });
    assert.ok(isComplete({ sum, difference }), `${sum}, not ${difference}`);
    assert.ok(Math.abs(difference) > 1);
    assert.is(
      attributions
        .filter((_, at) => at % 7 === 3)
        .reduce((most, value) => Math.max(most, Math.abs(value)), 0),
      0,
    );
  }
  assert.not(isComplete({ sum: 1.0111, difference: 1 }));
  assert.ok(
    isComplete({ sum: 1.0099, difference: 1 }) &&
      isComplete({ sum: 0.0009, difference: 0 }) &&
      !isComplete({ sum: 0.0011, difference: 0 }),
  );
  for (const steps of [7, 513, 8.5])
    assert.instance(
      await integratedGradients(drawnFilm(64, 64), bent, { steps }).catch((error: unknown) => error),
      RangeError,
    );
});

test.run();
