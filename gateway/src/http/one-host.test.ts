/** The three ports of a whole gateway, and requests that name more than one host: RFC 9112 §3.2. */
import type { Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openPort } from './open-port.ts';
import { plainPort } from '../testing/plain-port.ts';

const test = suite('a request with more than one Host');
let gateway: TestGateway;
const servers: Server[] = [];
const ports: { readonly name: string; readonly port: number; readonly path: string }[] = [];

test.before(async () => {
  gateway = await openTestGateway({ env: { RELAY_VIEWER_PORT: '3999' }, start: false });
  for (const [name, app, path] of [
    ['the API', gateway.api, '/health/live'],
    ['the web app', gateway.web, '/api/health/live'],
    ['the viewer', gateway.viewer!, '/health/live'],
  ] as const) {
    const server = await openPort(app, 0, plainPort());
    servers.push(server);
    ports.push({ name, path, port: (server.address() as AddressInfo).port });
  }
});
test.after(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await gateway.close();
});

/** All that comes back until the gateway ends the connection. */
function send(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    socket.on('close', () => resolve(told)).on('error', reject);
  });
}

const line = (method: string, target: string, ...headers: readonly string[]): string =>
  [`${method} ${target} HTTP/1.1`, ...headers, '', ''].join('\r\n');
const CLOSE = 'Connection: close';

const TWICE: Readonly<Record<string, (path: string) => string>> = {
  'the same twice': (path) => line('GET', path, 'Host: localhost', 'Host: localhost', CLOSE),
  'another one after ours': (path) => line('GET', path, 'Host: localhost', 'Host: evil.test', CLOSE),
  'ours after another one': (path) => line('GET', path, 'Host: evil.test', 'Host: localhost', CLOSE),
  three: (path) => line('GET', path, 'Host: localhost', 'Host: localhost', 'Host: localhost', CLOSE),
  'in other cases, and apart': (path) => line('GET', path, 'host: localhost', CLOSE, 'HOST: localhost'),
  'two thousand others between': (path) =>
    line('GET', path, 'Host: localhost', ...Array<string>(2_100).fill('a:'), 'Host: localhost', CLOSE),
  'an empty one': (path) => line('GET', path, 'Host: localhost', 'Host:', CLOSE),
  'an address before them': (path) =>
    line('GET', `http://localhost${path}`, 'Host: localhost', 'Host: localhost', CLOSE),
  'a body': (path) =>
    `${line('POST', path, 'Host: localhost', 'Host: evil.test', 'Content-Length: 2', CLOSE)}{}`,
};

for (const [name, request] of Object.entries(TWICE))
  test(`(${name}) is refused at every port`, async () => {
    for (const { name: where, port, path } of ports)
      assert.match(await send(port, request(path)), /^HTTP\/1\.1 400 /, where);
  });

test('is the last one of its connection: what follows it gets no answer', async () => {
  for (const { name, port, path } of ports) {
    const two =
      line('GET', path, 'Host: localhost', 'Host: evil.test') + line('GET', path, 'Host: localhost');
    const told = await send(port, two);
    assert.equal(told.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 400'], name);
  }
});

test('is told from one with a single Host, by an address too, which is served', async () => {
  for (const { name, port, path } of ports)
    for (const target of [path, `http://localhost${path}`])
      for (const host of ['Host: localhost', 'HOST: localhost', 'X-Forwarded-Host: a\r\nHost: localhost'])
        assert.not.match(await send(port, line('GET', target, host, CLOSE)), /^HTTP\/1\.1 4(00|21) /, name);
});

test.run();
