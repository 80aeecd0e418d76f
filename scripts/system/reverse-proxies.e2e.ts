// test:all: A whole system behind each proxy; hostile-proxy.e2e and open-port.test guard proxies and TLS one by one.
/**
 * TLS before the gateway as docs/install.md describes it: the examples for nginx and Caddy, and the gateway's own. A
 * study arrives, events come as they happen, and cookies are for `https:` alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findCaddy, startCaddy } from '#testing/caddy.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { findNginx, startServers, type Nginx } from '#testing/hostile-proxy.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { bringWebApp } from '../build.ts';
import { ROOT } from '../check/source-files.ts';
import { startGateway } from './gateway-process.ts';
import type { Child } from './keep-alive.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from './orthanc.ts';
import { freePort } from './ports.ts';

const PASSWORD = 'only for this test';
const CERTIFICATES = fileURLToPath(new URL('../../gateway/src/testing/certificates/', import.meta.url));
const NO_ORTHANC = (await findOrthanc()) === null ? 'Orthanc is not installed' : null;

const test = suite('TLS before the gateway');
let folder: string;
let orthanc: RunningOrthanc;
let cert: string;
const gateways: Child[] = [];
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-tls-proxies-'));
  cert = join(folder, 'fullchain.pem');
  await putCertificate('certificate');
  if (NO_ORTHANC !== null) return;
  await bringWebApp();
  orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
});
test.after(async () => {
  for (const gateway of gateways) await gateway.stop();
  await orthanc?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Puts a certificate and its key where the proxies and the gateway read them. */
async function putCertificate(name: string): Promise<void> {
  await copyFile(join(CERTIFICATES, `${name}-key.pem`), join(folder, 'privkey.pem'));
  await copyFile(join(CERTIFICATES, `${name}.pem`), cert);
}

type Ports = {
  readonly tls: number;
  readonly viewer: number;
  readonly web: number;
  readonly viewerBehind: number;
};

/** The gateway as `npm start` starts it. */
async function start(ports: Ports, settings: Readonly<Record<string, string>>): Promise<void> {
  const port = await freePort();
  const scheme = settings.RELAY_TLS_CERT === undefined ? 'http' : 'https';
  const env = {
    ...{ PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
    ...{ RELAY_PORT: String(port), RELAY_WEB_PORT: String(ports.web), PACS_URL: orthanc.url },
    ...{
      RELAY_DATA_DIR: await mkdtemp(join(folder, 'data-')),
      RELAY_PUBLIC_URL: `https://localhost:${ports.tls}`,
    },
    ...settings,
  };
  const gateway = await startGateway({
    env,
    secrets: { RELAY_ADMIN_PASSWORD: PASSWORD, PACS_AUTHORIZATION: orthanc.authorization },
    say: () => undefined,
    api: `${scheme}://127.0.0.1:${port}`,
    web: `${scheme}://127.0.0.1:${ports.web}`,
    logFile: join(folder, 'gateway.log'),
    signal: new AbortController().signal,
    onSpawn: async () => undefined,
  });
  gateways.push(gateway);
}

/** The example as an administrator adapts it: name, certificate and addresses. */
async function adaptExample(name: string, ports: Ports): Promise<string> {
  const example = await readFile(new URL(`../service/${name}`, import.meta.url), 'utf8');
  const http = await freePort();
  return example
    .replace(/^ *listen \[::\].*\n/gm, '')
    .replace(/listen (80|443|3443)\b/g, (_, port: string) => {
      const listen = { 80: http, 443: ports.tls, 3443: ports.viewer }[port];
      return `listen 127.0.0.1:${listen}`;
    })
    .replace(/^relay\.example\.org( |:3443)/gm, (_, end: string) =>
      end === ' ' ? `localhost:${ports.tls} ` : `localhost:${ports.viewer}`,
    )
    .replaceAll('relay.example.org', 'localhost')
    .replaceAll(/\/etc\/(?:relaypacs|caddy)/g, folder)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${ports.web}`)
    .replaceAll('127.0.0.1:3001', `127.0.0.1:${ports.viewerBehind}`);
}

type Question = { readonly token?: string; readonly body?: unknown };

/** Asks through TLS, and trusts the certificate of the test alone. */
async function askTls(port: number, path: string, { token, body }: Question = {}): Promise<IncomingMessage> {
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const method = body === undefined ? 'GET' : 'POST';
  const options = { host: 'localhost', port, path, ca: await readFile(cert), headers, method, agent: false };
  const asked = request(options).end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

async function statusOf(port: number, path: string, question?: Question): Promise<number> {
  const answer = await askTls(port, path, question);
  answer.resume();
  return answer.statusCode!;
}

async function signIn(
  port: number,
  username: string,
): Promise<{ token: string; cookies: readonly string[] }> {
  const answer = await askTls(port, '/api/auth/login', { body: { username, password: PASSWORD } });
  const { accessToken } = (await json(answer)) as { accessToken: string };
  return { token: accessToken, cookies: answer.headers['set-cookie'] ?? [] };
}

/** Sends like the command line, three instances of 2 MB; what it said. */
async function upload(port: number, seed: number): Promise<string> {
  const study = syntheticStudy({ seed, instancesPerSeries: 3, rows: 1024, columns: 1024 });
  const into = await mkdtemp(join(folder, 'study-'));
  for (const [at, { bytes }] of study.instances.entries()) await writeFile(join(into, `${at}.dcm`), bytes);
  const words = ['upload', into, '--gateway', `https://localhost:${port}/api`, '--user', 'tess'];
  const child = spawn(
    process.execPath,
    [join(ROOT, 'scripts/relay.ts'), ...words, '--policy', 'identified', '--wait', '--json'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, RELAY_PASSWORD: PASSWORD, RELAY_CODING: 'off', NODE_EXTRA_CA_CERTS: cert },
    },
  );
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.is(code, 0, said);
  return said;
}

/** Everything that a tablet needs, through this port: the page, a session, a study and its events. */
async function proveUse(port: number, seed: number): Promise<void> {
  const { token: admin } = await signIn(port, 'admin');
  const body = { username: 'tess', password: PASSWORD, roles: ['technician'] };
  assert.is(await statusOf(port, '/api/admin/users', { token: admin, body }), 201);
  const page = await askTls(port, '/');
  page.resume();
  assert.equal([page.statusCode, 'strict-transport-security' in page.headers], [200, true]);
  const { token, cookies } = await signIn(port, 'tess');
  assert.ok(cookies.length > 0);
  for (const cookie of cookies) assert.match(cookie, /^__Host-relay_.*; Secure/);
  const events = await askTls(port, '/api/events', { token });
  assert.match(events.headers['content-type'] ?? '', 'text/event-stream');
  let heard = '';
  events.setEncoding('utf8').on('data', (piece: string) => (heard += piece));
  const said = await upload(port, seed);
  await until('the event of a study', () => /^event: ?study$/m.test(heard));
  events.destroy();
  assert.not.match(said, /proxy/i);
}

type Proxy = {
  readonly example: string;
  readonly program: string | null;
  readonly start: (
    program: string,
    at: { readonly folder: string; readonly port: number },
    text: string,
  ) => Promise<Nginx>;
};

async function proveProxy({ example, program, ...proxy }: Proxy, seed: number): Promise<void> {
  if (NO_ORTHANC !== null) skip(example, NO_ORTHANC);
  if (program === null) skip(example, 'the proxy is not installed');
  const ports = {
    ...{ tls: await freePort(), viewer: await freePort() },
    ...{ web: await freePort(), viewerBehind: await freePort() },
  };
  await start(ports, {
    ...{ RELAY_TRUSTED_PROXIES: '127.0.0.1', RELAY_VIEWER_PORT: String(ports.viewerBehind) },
    ...{ RELAY_VIEWER_URL: `https://localhost:${ports.viewer}`, RELAY_VIEWER_PACKAGE: 'file:///nowhere.tgz' },
  });
  const at = { folder: await mkdtemp(join(folder, 'proxy-')), port: ports.tls };
  const running = await proxy.start(program, at, await adaptExample(example, ports));
  try {
    await proveUse(ports.tls, seed);
    // Its package is not there, and the viewer's port says so.
    assert.is(await statusOf(ports.viewer, '/'), await plainStatusOf(ports.viewerBehind, '/'));
  } finally {
    await running.stop();
  }
}

async function plainStatusOf(port: number, path: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  await answer.body?.cancel();
  return answer.status;
}

test('a tablet works behind nginx as in nginx.conf.example', () => {
  const start: Proxy['start'] = (nginx, at, servers) => startServers(nginx, { ...at, servers });
  return proveProxy({ example: 'nginx.conf.example', program: findNginx(), start }, 7001);
});

test('a tablet works behind Caddy as in Caddyfile.example', () => {
  const start: Proxy['start'] = (caddy, at, sites) => startCaddy(caddy, { ...at, sites });
  return proveProxy({ example: 'Caddyfile.example', program: findCaddy(), start }, 7002);
});

test('a tablet works with the gateway’s own TLS, and a renewed certificate is served without a restart', async () => {
  if (NO_ORTHANC !== null) skip('the gateway’s own TLS', NO_ORTHANC);
  const web = await freePort();
  const files = { RELAY_TLS_CERT: cert, RELAY_TLS_KEY: join(folder, 'privkey.pem') };
  await start({ tls: web, web, viewer: 0, viewerBehind: 0 }, files);
  await proveUse(web, 7003);
  await putCertificate('next-certificate');
  // The old certificate is refused by whoever trusts the new one alone.
  await until('the new certificate', () =>
    askTls(web, '/').then(
      (page) => page.resume().statusCode === 200,
      () => false,
    ),
  );
});

test.run();
