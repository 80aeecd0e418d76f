import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clientAddress, networkOf, parseProxies } from './client-address.ts';

const proxies = parseProxies(['10.1.0.0/24', '192.0.2.7', 'fd00::/8'])!;

test('without a trusted proxy the header is anybody’s, and the connection counts', () => {
  assert.is(clientAddress('203.0.113.9', '198.51.100.1', proxies), '203.0.113.9');
  assert.is(clientAddress('203.0.113.9', undefined, proxies), '203.0.113.9');
  assert.is(clientAddress('10.1.0.7', undefined, proxies), '10.1.0.7');
});

test('behind trusted proxies the nearest other address counts, read from the right', () => {
  const cases: [peer: string, forwarded: string, client: string][] = [
    ['10.1.0.7', '198.51.100.1', '198.51.100.1'],
    ['::ffff:10.1.0.7', '198.51.100.1', '198.51.100.1'],
    ['fd12::1', '2001:db8::5', '2001:db8::5'],
    // The caller has sent the left one itself.
    ['10.1.0.7', '1.2.3.4, 198.51.100.1', '198.51.100.1'],
    ['10.1.0.7', '198.51.100.1, 192.0.2.7, 10.1.0.8', '198.51.100.1'],
    ['10.1.0.7', '10.1.0.9', '10.1.0.9'],
    ['10.1.0.7', '1.2.3.4, nonsense', '10.1.0.7'],
  ];
  for (const [peer, forwarded, client] of cases)
    assert.is(clientAddress(peer, forwarded, proxies), client, `${peer} ${forwarded}`);
});

test('whatever a caller puts in front of the header, it counts as itself', async () => {
  await fc.assert(
    fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), { maxLength: 5 }), (made) => {
      const forwarded = [...made, '198.51.100.1'].join(', ');
      return clientAddress('10.1.0.7', forwarded, proxies) === '198.51.100.1';
    }),
  );
});

test('a machine’s many IPv6 addresses are one network; other networks and IPv4 addresses are apart', () => {
  const one = networkOf('2001:db8:0:1::5');
  assert.is(networkOf('2001:db8::1:aaaa:bbbb:cccc:dddd'), one);
  assert.is(networkOf('2001:0db8:0000:0001:0:0:0:9'), one);
  assert.is.not(networkOf('2001:db8:0:2::5'), one);
  assert.equal(['::1', '198.51.100.1', 'local', 'fe80::1%eth0'].map(networkOf), [
    '0:0:0:0',
    '198.51.100.1',
    'local',
    'fe80:0:0:0',
  ]);
});

test('blocks and addresses of both families are read, and nothing else', () => {
  for (const wrong of [
    '10.1.0.0/33',
    '10.1.0',
    'proxy.example.org',
    '10.1.0.0/8/8',
    'fd00::/129',
    '10.1.0.0/x',
  ])
    assert.is(parseProxies([wrong]), null, wrong);
  assert.is(parseProxies([])!.has('127.0.0.1'), false);
});

test.run();
