import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createCodingPool } from './coding-pool.ts';

const MB = 1e6;
const pool = (isWanted = true) => createCodingPool(() => 0, isWanted);

test('for a distant gateway coding starts with the first parcel; for a near one, once the link proves slow', async () => {
  const far = pool();
  assert.ok(far.pays(), 'nothing is known');
  far.noteRoundTrip(100);
  assert.ok(far.pays());
  await far.close();
  const near = pool();
  near.noteRoundTrip(3);
  assert.not(near.pays());
  near.noteLink(2 * MB);
  assert.ok(near.pays(), 'near, but slow');
  near.noteLink(200 * MB);
  assert.not(near.pays());
});

test('the link is not measured for a person who does not want coding', () => {
  const off = pool(false);
  off.noteRoundTrip(100);
  off.noteLink(1 * MB);
  assert.not(off.pays());
});

test.run();
