/** The ports as clients meet them: TLS, half-sent requests, and callers without TLS. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { Agent, get } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Hono } from 'hono';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import {
  CERTIFICATE,
  CERTIFICATE_KEY,
  NEXT_CERTIFICATE,
  NEXT_CERTIFICATE_KEY,
} from '../testing/certificate.ts';
import { openCertificate } from './certificate.ts';
import { parseProxies } from './client-address.ts';
import { createConnectionRoom } from './connection-room.ts';
import { openPort, type PortTools } from './open-port.ts';
import type { GatewayEnv } from './route.ts';
import { plainPort } from '../testing/plain-port.ts';

const test = suite('a port');
const app = new Hono<GatewayEnv>().post('*', async (c) => c.text(`${(await c.req.text()).length}`));

async function withPort(tools: Partial<PortTools>, work: (port: number) => Promise<void>): Promise<void> {
  const server: Server = await openPort(app, 0, { ...plainPort(), ...tools });
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Sends these bytes and nothing more; everything that comes back until the gateway ends the connection. */
function send(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let told = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    socket.on('close', () => resolve(told)).on('error', () => undefined);
  });
}

/** A connection that the port has taken, and what comes back on it until its end. */
async function connected(port: number) {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  const say = (bytes: string): Promise<string> => {
    socket.write(bytes);
    return text(socket);
  };
  return { say };
}

const request = (path: string, length: number, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${body}`;
/** So short that a test does not wait; a whole body has come before anybody looks. */
const pace = { graceMs: 20, leastRate: 1_000_000 };

test('ends half-sent requests by the dozen, and answers those that have come', () =>
  withPort({ pace }, async (port) => {
    const halves = Array.from({ length: 30 }, () => send(port, request('/auth/login', 100, '{"username":')));
    assert.match(await send(port, request('/auth/login', 4, 'body')), /200 OK[\s\S]*4$/);
    for (const told of await Promise.all(halves)) assert.match(told, /^HTTP\/1\.1 408 /);
  }));

/** Begins so, and sends a byte whenever the one before has gone, until the gateway ends it; all that came back. */
function drip(port: number, begin: string): Promise<string> {
  return new Promise((resolve) => {
    let told = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(begin, next));
    function next(): void {
      if (!socket.destroyed) socket.write('a', () => setImmediate(next));
    }
    socket.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    socket.on('close', () => resolve(told)).on('error', () => undefined);
  });
}

test('ends connections that send no request, half a header, or one byte after the other', () =>
  withPort({ headersTimeout: 100 }, async (port) => {
    const silent = Array.from({ length: 30 }, () => send(port, ''));
    const half = 'POST /auth/login HTTP/1.1\r\nHost: local';
    const halves = Array.from({ length: 30 }, () => send(port, half));
    const drips = Array.from({ length: 10 }, () => drip(port, half));
    for (const told of await Promise.all([...silent, ...halves])) assert.match(told, /^HTTP\/1\.1 408 |^$/);
    for (const told of await Promise.all(drips)) assert.match(told, /^HTTP\/1\.1 (408|431) |^$/);
  }));

test('ends handshakes of TLS that do not come, or half', () => {
  const files = { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' };
  const pair = { cert: CERTIFICATE, key: CERTIFICATE_KEY };
  const certificate = openCertificate({ ...pair, ...files }, () => undefined);
  return withPort({ certificate, headersTimeout: 100 }, async (port) => {
    const begun = ['', '\x16\x03\x01'].flatMap((bytes) => Array<string>(10).fill(bytes));
    for (const told of await Promise.all(begun.map((bytes) => send(port, bytes)))) assert.is(told, '');
  });
});

test('gives a header half a minute, as it does a body, and looks every ten seconds', async () => {
  const server = await openPort(app, 0, plainPort());
  server.close();
  const looks = (server as unknown as { connectionsCheckingInterval: number }).connectionsCheckingInterval;
  assert.equal([server.headersTimeout, looks], [30_000, 10_000]);
});

test('leaves a parcel the time that its link needs', () =>
  withPort({ pace }, async (port) => {
    const slow = connect(port, '127.0.0.1');
    let told = '';
    slow.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    const ended = new Promise((resolve) => slow.on('close', resolve));
    slow.write(request('/upload/files/1', 8, 'half'));
    // Requests that are ended by their pace have been ended twice over by now.
    await send(port, request('/auth/login', 8, 'half'));
    await send(port, request('/auth/login', 8, 'half'));
    slow.write('rest');
    await ended;
    assert.match(told, /200 OK[\s\S]*8$/);
  }));

/** The status of a request that trusts this certificate alone, or the code of the refusal; no session is resumed. */
const askTls = (port: number, ca: string, agent?: Agent): Promise<number | string | undefined> =>
  new Promise((resolve) => {
    const asked = get(`https://localhost:${port}/`, { ca, agent: agent ?? false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });

test('serves TLS, renews its certificate without ending a connection, and keeps the last good one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relaypacs-certificate-'));
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const put = (cert: string, key: string) => {
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
  };
  put(CERTIFICATE, CERTIFICATE_KEY);
  const told: string[] = [];
  const first = { cert: CERTIFICATE, key: CERTIFICATE_KEY, certFile, keyFile };
  const certificate = openCertificate(first, ({ event }) => void told.push(event));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await withPort({ certificate }, async (port) => {
    assert.is(await askTls(port, CERTIFICATE, agent), 404);
    assert.is(await askTls(port, NEXT_CERTIFICATE), 'DEPTH_ZERO_SELF_SIGNED_CERT');
    certificate.look();
    assert.equal(told, [], 'nothing has changed');
    // Half-way through a renewal the pair does not belong together.
    for (const [cert, key] of [
      [NEXT_CERTIFICATE, CERTIFICATE_KEY],
      ['', CERTIFICATE_KEY],
      [CERTIFICATE, 'no key'],
    ] as const) {
      put(cert, key);
      certificate.look();
      assert.equal([certificate.state(), await askTls(port, CERTIFICATE)], ['not-renewed', 404]);
    }
    put(NEXT_CERTIFICATE, NEXT_CERTIFICATE_KEY);
    certificate.look();
    assert.equal([certificate.state(), await askTls(port, NEXT_CERTIFICATE)], ['ok', 404]);
    assert.is(await askTls(port, CERTIFICATE), 'DEPTH_ZERO_SELF_SIGNED_CERT', 'new connections');
    assert.is(await askTls(port, CERTIFICATE, agent), 404, 'the one that is open');
    rmSync(keyFile);
    certificate.look();
    assert.equal([certificate.state(), await askTls(port, NEXT_CERTIFICATE)], ['not-renewed', 404]);
  });
  assert.equal(told, ['certificate-not-renewed', 'certificate-renewed', 'certificate-not-renewed']);
  agent.destroy();
  rmSync(folder, { recursive: true });
});

/** An address of this machine that others could call it by. */
const elsewhere = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
if (elsewhere === undefined) skipped('callers without TLS', 'this machine has no network');
else
  test('without TLS answers this machine and the trusted proxies, and nobody else', async () => {
    const ask = (port: number, host: string) =>
      fetch(`http://${host}:${port}/`).then(
        async ({ status, body }) => body?.cancel().then(() => status),
        () => 'refused',
      );
    let refused = 0;
    const onRefused = (): void => {
      refused += 1;
    };
    await withPort({ host: '0.0.0.0', onRefused }, async (port) => {
      assert.equal([await ask(port, '127.0.0.1'), await ask(port, elsewhere), refused], [404, 'refused', 1]);
    });
    await withPort({ host: '0.0.0.0', trustedProxies: parseProxies([elsewhere])! }, async (port) => {
      assert.is(await ask(port, elsewhere), 404);
    });
  });

test('more connections than all ports hold together are closed as they come, and the open ones are served', async () => {
  let closed = 0;
  const onFull = (): void => {
    closed += 1;
  };
  const room = createConnectionRoom(onFull, 2);
  await withPort({ room }, (first) =>
    withPort({ room }, async (second) => {
      const open = await Promise.all([first, second].map(connected));
      for (const port of [first, second]) assert.is(await send(port, request('/', 0, '')), '');
      assert.is(closed, 2);
      for (const { say } of open) assert.match(await say(request('/', 2, 'hi')), /200 OK/);
      await until('a place that one of them has left', async () =>
        (await send(first, request('/', 2, 'hi'))).includes('200 OK'),
      );
    }),
  );
});

test.run();
