import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '#testing/synthetic-study.ts';
import { makePassword } from './make-password.ts';

const test = suite('a password that is made up');

test('has four groups of four letters, each of the thirty about as often, and none that look alike', () => {
  const random = seededRandom(7);
  const counts = new Map<string, number>();
  for (let nr = 0; nr < 2_000; nr += 1) {
    const made = makePassword((bytes) => bytes.map(() => Math.floor(random() * 256)));
    assert.match(made, /^[a-hj-kmnp-tv-z2-9]{4}(-[a-hj-kmnp-tv-z2-9]{4}){3}$/);
    for (const letter of made.replaceAll('-', '')) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  assert.is(counts.size, 30);
  const expected = (2_000 * 16) / 30;
  for (const [letter, count] of counts)
    assert.ok(Math.abs(count / expected - 1) < 0.15, `${letter}: ${count} of ${expected}`);
});

test('throws away bytes that would favour some letters', () => {
  const fills = [255, 0];
  const made = makePassword((bytes) => bytes.fill(fills.shift()!));
  assert.equal([made, fills], ['aaaa-aaaa-aaaa-aaaa', []]);
});

test.run();
