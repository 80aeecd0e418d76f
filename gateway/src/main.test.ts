import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { createGatewayUnderTest, type GatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { signInAt } from './testing/sign-in-at.ts';

const test = suite('the gateway’s process');
const PASSWORD = 'correct horse battery';
let folder: string;
let gateway: GatewayUnderTest;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relaypacs-main-'));
  gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: folder,
    adminPassword: PASSWORD,
    pacs: { url: 'http://127.0.0.1:9/dicom-web', authorization: 'Bearer none' },
  });
  await gateway.start();
});
test.after(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const signIn = (api: string) => signInAt(api, { username: 'admin', password: PASSWORD });

test('says in one typed line that it is ready, and its keys and folders are for its owner only', async () => {
  // The gateway's ports answer before the line has been read.
  const isReady = () => gateway.lines.find(({ event }) => event === 'gateway-ready');
  const { api, web, database } = await until('its line', isReady);
  assert.equal([api, web, database], [gateway.api, gateway.web, 'embedded']);
  assert.is(statSync(join(folder, 'keys')).mode & 0o777, 0o700);
  for (const key of ['tokens.pem', 'receipts.pem', 'wrap.key', 'pseudonyms.key'])
    assert.is(statSync(join(folder, 'keys', key)).mode & 0o777, 0o600, key);
});

test('both doors lead to the same API; the app’s own port serves the app', async () => {
  const { accessToken } = await signIn(gateway.api);
  const headers = { authorization: `Bearer ${accessToken}` };
  const [left, right] = await Promise.all([
    fetch(`${gateway.api}/auth/me`, { headers }),
    fetch(`${gateway.web}/api/auth/me`, { headers }),
  ]);
  assert.equal(await left.json(), await right.json());
  assert.is((await fetch(`${gateway.api}/api/auth/me`, { headers })).status, 404);
});

test('keys, users and sessions outlive a SIGKILL', async () => {
  const { accessToken, refreshToken } = await signIn(gateway.api);
  const keysBefore = await (await fetch(`${gateway.api}/.well-known/jwks.json`)).text();
  await gateway.kill();
  await gateway.start();
  assert.is(await (await fetch(`${gateway.api}/.well-known/jwks.json`)).text(), keysBefore);
  assert.is(
    (await fetch(`${gateway.api}/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status,
    200,
  );
  const body = JSON.stringify({ refreshToken });
  assert.is(
    (
      await fetch(`${gateway.api}/auth/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
    ).status,
    200,
  );
});

/** Starts a gateway that cannot start: its exit code, and its words on stderr. */
async function failToStart(env: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}

test('a second gateway on the same data is refused in words and changes nothing', async () => {
  const { code, said } = await failToStart({
    ...process.env,
    RELAY_DATA_DIR: folder,
    RELAY_PORT: String(await freePort()),
    RELAY_WEB_PORT: String(await freePort()),
    PACS_URL: 'http://127.0.0.1:9/',
  });
  assert.is(code, 1);
  assert.match(said, 'is in use by process');
  assert.is((await fetch(`${gateway.api}/health/ready`)).status, 200);
});

test('a wrong setting ends the start with 2, and every mistake is on stderr', async () => {
  const { code, said } = await failToStart({
    PATH: process.env['PATH'],
    RELAY_PORT: '70000',
    RELAY_POLICY: 'all',
  });
  assert.is(code, 2);
  for (const name of ['RELAY_PORT', 'RELAY_POLICY', 'PACS_URL']) assert.match(said, name);
});

test('a database that cannot be reached ends the start with 1: DATABASE_URL is named, its password is not', async () => {
  const { code, said } = await failToStart({
    ...process.env,
    RELAY_DATA_DIR: join(folder, 'another'),
    RELAY_PORT: String(await freePort()),
    RELAY_WEB_PORT: String(await freePort()),
    PACS_URL: 'http://127.0.0.1:9/',
    DATABASE_URL: `postgres://relay:planted-secret@127.0.0.1:${await freePort()}/relay`,
  });
  assert.is(code, 1);
  assert.match(said, /^The gateway cannot use the database of DATABASE_URL .*nothing listens there/);
  assert.not.match(said, 'planted-secret');
});

test('a broken or hostile request ends its own connection only', async () => {
  const port = Number(new URL(gateway.api).port);
  const requests = [
    'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n',
    '\x16\x03\x01\x02\x00',
    'GET /%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET //evil HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n',
  ];
  for (const bytes of requests) {
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
      socket
        .on('close', () => resolve())
        .on('error', () => resolve())
        .resume();
    });
  }
  assert.is((await fetch(`${gateway.api}/health/live`)).status, 200);
});

/**
 * An exchange of a refresh token whose body has not been sent yet, at the moment when the gateway is reading it. It
 * takes a moment: a gateway that stops waits a limited time, in which a busy machine may not get a password hashed.
 */
async function beginRefresh(refreshToken: string): Promise<{ finish(): Promise<number> }> {
  const body = JSON.stringify({ refreshToken });
  const headers = {
    'content-type': 'application/json',
    'content-length': body.length,
    expect: '100-continue',
  };
  const asked = request(`${gateway.api}/auth/refresh`, { method: 'POST', headers });
  asked.flushHeaders();
  await new Promise((resolve) => asked.once('continue', resolve));
  const answered = new Promise<number>((resolve, reject) =>
    asked.on('response', (answer) => resolve(answer.resume().statusCode ?? 0)).on('error', reject),
  );
  return {
    finish() {
      asked.end(body);
      return answered;
    },
  };
}

test('SIGTERM lets a request that is under way end, closes event streams, and exits', async () => {
  const { accessToken, refreshToken } = await signIn(gateway.api);
  const events = await fetch(`${gateway.api}/events`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const refreshing = await beginRefresh(refreshToken!);
  const stopped = gateway.stop();
  await until('it to be stopping', () => gateway.lines.some(({ event }) => event === 'gateway-stopping'));
  assert.is(await refreshing.finish(), 200);
  await stopped;
  const cancelled = events.body?.cancel() ?? Promise.resolve();
  await ignoreFailure(cancelled, 'the gateway has ended the stream');
  await until('its last line', () => gateway.lines.some(({ event }) => event === 'gateway-stopped'));
});

test.run();
