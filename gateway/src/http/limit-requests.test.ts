/** A caller that asks too often is refused, and nobody else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createTestDevice } from '../testing/open-device.ts';
import { openTestGateway } from '../testing/open-gateway.ts';

const test = suite('the limit of requests');
const PER_MINUTE = 20;
const DEVICES = 6;

test('holds for an account over all its devices and sessions: four times that of one', async () => {
  const gateway = await openTestGateway({ start: false, env: { RELAY_RATE_LIMIT: String(PER_MINUTE) } });
  try {
    const session = await gateway.userWith(['technician']);
    const other = await gateway.userWith(['technician']);
    const tokens = [];
    for (let i = 0; i < DEVICES; i += 1) {
      const device = await createTestDevice(gateway);
      assert.is(await device.enrol(session.accessToken), 200);
      tokens.push(await device.token());
    }
    const ask = async (token: string): Promise<boolean> =>
      (await gateway.call('GET', '/upload/policy', { token })).status !== 429;
    let answered = DEVICES;
    for (const token of [...tokens, session.accessToken]) {
      let ofThis = 0;
      for (let i = 0; i <= PER_MINUTE; i += 1) if (await ask(token)) ofThis += 1;
      assert.ok(ofThis <= PER_MINUTE);
      answered += ofThis;
    }
    assert.is(answered, 4 * PER_MINUTE);
    assert.ok(await ask(other.accessToken));
    gateway.wait(60_000);
    assert.ok(await ask(tokens[0]!));
  } finally {
    await gateway.close();
  }
});

test.run();
