import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expiryOf } from './key-expiry.ts';

const test = suite('when an API key ends');
const now = new Date('2026-11-22T10:00:00.000Z');
const endingAt = (expiresAt: string) => expiryOf({ state: 'active', expiresAt }, now);

test('a key says for its last 14 days in how many it ends, and then that it has expired', () => {
  assert.equal(endingAt('2026-12-06T10:00:00.001Z'), { kind: 'later' });
  assert.equal(endingAt('2026-12-06T10:00:00.000Z'), { kind: 'soon', days: 14 });
  assert.equal(endingAt('2026-11-24T09:00:00.000Z'), { kind: 'soon', days: 1 });
  assert.equal(endingAt('2026-11-23T09:59:00.000Z'), { kind: 'soon', days: 0 });
  assert.equal(endingAt('2026-11-22T10:00:00.000Z'), { kind: 'ended', state: 'expired' });
});

test('a key that was revoked does not expire', () => {
  const revoked = { state: 'revoked', expiresAt: '2026-11-23T10:00:00.000Z' } as const;
  assert.equal(expiryOf(revoked, now), { kind: 'ended', state: 'revoked' });
});

test.run();
