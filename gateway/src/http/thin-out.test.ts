/** A stranger does not write the log. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestGateway } from '../testing/open-gateway.ts';
import { createThinOut } from './thin-out.ts';

const test = suite('the log of refusals');

test('has one a minute of each kind, and then the number of those left out', () => {
  let now = 0;
  const thinOut = createThinOut(() => now);
  assert.equal([thinOut('a'), thinOut('a'), thinOut('b'), thinOut('a')], [0, null, 0, null]);
  now = 60_000;
  assert.equal([thinOut('a'), thinOut('a'), thinOut('b')], [2, null, 0]);
});

test('remembers only so many kinds: somebody with many addresses takes no memory', () => {
  const thinOut = createThinOut(() => 0);
  for (let one = 0; one <= 10_000; one += 1) thinOut(String(one));
  assert.equal([thinOut('10000'), thinOut('1'), thinOut('0')], [null, null, 0]);
});

test('does not grow with a stranger’s requests; those of people and devices are all in it', async () => {
  const gateway = await openTestGateway({ start: false });
  try {
    const { accessToken: token } = await gateway.signIn();
    const before = gateway.lines.length;
    for (let i = 0; i < 50; i += 1) assert.is((await gateway.call('GET', '/uploads')).status, 401);
    assert.is(gateway.lines.length - before, 1);
    for (let i = 0; i < 3; i += 1) await gateway.call('GET', '/jobs/none', { token });
    assert.is(gateway.lines.length - before, 4);
    gateway.wait(60_000);
    await gateway.call('GET', '/uploads');
    assert.is(gateway.lines.at(-1)?.leftOut, 49);
  } finally {
    await gateway.close();
  }
});

test.run();
