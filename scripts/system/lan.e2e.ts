// test:all: A whole system in a network of its own; local-authority.test guards the certificates.
/** `npm start -- --lan` in a network of its own; a tablet scans the code, trusts the authority and signs in. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import encodeQR from 'qr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { noNamespaceBecause, runBeside, spawnInNamespace } from '#testing/network-namespace.ts';
import { bringWebApp } from '../build.ts';
import { ROOT } from '../check/source-files.ts';
import { findOrthanc } from './orthanc.ts';
import { readRunning } from './running.ts';

const ADDRESS = '10.77.0.5';
const PASSWORD = 'correct horse battery staple';
const WHY_NOT = noNamespaceBecause() ?? ((await findOrthanc()) === null ? 'Orthanc is not installed' : null);

/** The steps of a tablet: the page of its platform, the file, and the app by nothing but this file's trust. */
const TABLET = `
const { request } = require('node:https');
const { X509Certificate } = require('node:crypto');
const page = 'http://${ADDRESS}:3080';
const seen = {};
const ask = (options, body) => new Promise((resolve, reject) => {
  const asked = request({ host: '${ADDRESS}', port: 3000, agent: false, ...options }, (answer) => {
    answer.resume().on('end', () => resolve({ status: answer.statusCode, cookies: answer.headers['set-cookie'] }));
  });
  asked.on('error', (error) => resolve({ status: error.code }));
  asked.end(body);
});
(async () => {
  const agents = { android: 'Android 15', ipados: 'iPad', windows: 'Windows NT' };
  for (const [name, agent] of Object.entries(agents)) {
    const text = await (await fetch(page, { headers: { 'user-agent': agent } })).text();
    seen[name] = /<h1>(.*)<.h1>/.exec(text)[1];
    seen.app = /<a href="(https:[^"]+)"/.exec(text)[1];
  }
  const file = await fetch(page + '/relaypacs.crt');
  const authority = new X509Certificate(Buffer.from(await file.arrayBuffer()));
  seen.type = file.headers.get('content-type');
  seen.fingerprint = authority.fingerprint256;
  seen.stranger = (await ask({ path: '/' })).status;
  const ca = authority.toString();
  seen.app200 = (await ask({ path: '/', ca })).status;
  const headers = { 'content-type': 'application/json', origin: seen.app };
  const body = JSON.stringify({ username: 'admin', password: '${PASSWORD}' });
  seen.signIn = await ask({ path: '/api/auth/login', method: 'POST', headers, ca }, body);
  process.stdout.write(JSON.stringify(seen));
})();`;

const test = suite('npm start -- --lan');
let folder: string;
let started: ChildProcess | null = null;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-lan-'));
});
test.after(async () => {
  if (started?.exitCode === null) {
    started.kill('SIGTERM');
    await once(started, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

test('leads a tablet by a QR code to a page of its platform, and serves it over HTTPS that it then trusts', async () => {
  if (WHY_NOT !== null) skip('npm start -- --lan', WHY_NOT);
  await bringWebApp();
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = {
    ...{ PATH, NODE_COMPILE_CACHE, RELAY_DATA_DIR: folder, DOCKER_HOST: 'unix:///nowhere' },
    ...{ RELAY_ADMIN_PASSWORD: PASSWORD },
  };
  const words = [process.execPath, join(ROOT, 'scripts/start.ts'), '--lan'];
  started = spawnInNamespace(ADDRESS, words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  started.stderr!.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  await until('the start', async () => {
    if (started!.exitCode !== null) throw new Error(said);
    return readRunning(folder);
  }).catch(({ message }: Error) => assert.unreachable(`${message}\n${said}`));
  await until('its words', () => said.includes('Ctrl-C ends it'));
  const seen = JSON.parse(runBeside(started.pid!, [process.execPath, '-e', TABLET], { PATH }));
  assert.match(said, encodeQR(`http://${ADDRESS}:3080/`, 'ascii').trimEnd());
  assert.match(said, seen.fingerprint);
  const { status, cookies } = seen.signIn;
  assert.equal(status, 200);
  assert.match(cookies.join(), /__Host-relay_refresh=.*Secure/);
  assert.equal(
    [seen.android, seen.ipados, seen.windows],
    ['RelayPACS on Android', 'RelayPACS on iPad and iPhone', 'RelayPACS on Windows'],
  );
  assert.equal(
    [seen.app, seen.type, seen.stranger, seen.app200],
    [`https://${ADDRESS}:3000`, 'application/x-x509-ca-cert', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 200],
  );
});

test.run();
