import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import { openTestGateway } from '../testing/open-gateway.ts';

const test = suite('the names of the gateway');

test('are that of its public address and those of the loopback; under any other nothing is served', async () => {
  const gateway = await openTestGateway({ env: { RELAY_PUBLIC_URL: 'https://relay.example.org' } });
  const ask = (door: 'api' | 'web', url: string) => gateway[door].request(url);
  for (const host of [
    'relay.example.org',
    'relay.example.org:8443',
    'localhost:8080',
    '127.0.0.1',
    '[::1]:3000',
  ]) {
    assert.is((await ask('api', `http://${host}/version`)).status, 200, host);
    assert.is((await ask('web', `http://${host}/api/version`)).status, 200, host);
  }
  for (const host of [
    'evil.example',
    'relay.example.org.evil.example',
    '10.1.0.7',
    'localhost.evil.example',
  ]) {
    const refused = await ask('api', `http://${host}/version`);
    assert.equal(
      [refused.status, ((await refused.json()) as ProblemDetails).code],
      [421, 'wrong-host'],
      host,
    );
    assert.is((await ask('web', `http://${host}/api/version`)).status, 421, host);
    assert.is((await ask('web', `http://${host}/`)).status, 421, host);
    assert.is((await ask('api', `http://${host}/health/ready`)).status, 200, 'load balancers ask by address');
  }
  await gateway.close();
});

test.run();
