/** A refused sign-in says what happened and what to do; nothing resumes by itself there. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { problemOf } from '../net/api-client.ts';
import { troubleOf } from './trouble-of.ts';

const UNREACHABLE = { title: 'No gateway', next: null };

async function troubleWith(code: string, retryAfter?: string) {
  const headers = {
    'content-type': 'application/problem+json',
    ...(retryAfter && { 'retry-after': retryAfter }),
  };
  const body = { type: `urn:relaypacs:problem:${code}`, title: '-', status: 429, code, correlationId: 'c' };
  return troubleOf(
    await problemOf(new Response(JSON.stringify(body), { status: 429, headers })),
    UNREACHABLE,
  );
}

for (const code of ['too-many-attempts', 'rate-limited'])
  test(`a sign-in refused by ${code} says how long to wait, and promises nothing else`, async () => {
    const told = await troubleWith(code, '42');
    assert.equal([told.next, told.code], ['Wait 42 seconds, then try again.', `${code} c`]);
    assert.is((await troubleWith(code)).next, 'Wait a minute, then try again.');
    assert.not.match(JSON.stringify(told), /automatic|by itself/);
  });

test('an error that is no answer of the gateway is told as the caller says', () => {
  assert.equal(troubleOf(new Error('QzName'), UNREACHABLE), { ...UNREACHABLE, kind: 'wait', code: null });
});

test.run();
