/** Intervals of shares against values that others published. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shareInterval } from './share-interval.ts';

const test = suite('the interval of a share');

test('is that of Wilson: NIST §7.2.4.1 gives 4 of 20, others 0 and all', () => {
  const said = (count: number, of: number) =>
    Object.values(shareInterval(count, of)).map((value) => value.toFixed(3));
  assert.equal(said(4, 20), ['0.081', '0.416']);
  assert.equal(said(0, 10), ['0.000', '0.278']);
  assert.equal(said(10, 10), ['0.722', '1.000']);
  assert.equal(said(500, 1000), ['0.469', '0.531']);
});

test.run();
