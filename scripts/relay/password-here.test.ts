/** `relay user password` on the gateway's own machine, while the gateway runs and while it does not. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createGatewayUnderTest, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { freePort } from '../system/ports.ts';

const RELAY = fileURLToPath(new URL('../relay.ts', import.meta.url));
const CHEAP_PASSWORDS = import.meta.resolve('#testing/cheap-passwords.ts');

const test = suite('a new password without a session');
let folder: string;
let gateway: GatewayUnderTest;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-password-'));
  gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: join(folder, 'data'),
    adminPassword: 'the first password',
    pacs: { url: 'http://127.0.0.1:9/dicom-web', authorization: 'Bearer none' },
  });
  await gateway.start();
});
test.after(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command in a process of its own, with passwords as cheap as the gateway's. */
async function setHere(name: string, env: NodeJS.ProcessEnv = {}, dataDir = join(folder, 'data')) {
  const args = ['--import', CHEAP_PASSWORDS, RELAY, 'user', 'password', name];
  const child = execFile(process.execPath, args, {
    env: { PATH: process.env.PATH, RELAY_DATA_DIR: dataDir, ...env },
  });
  const said = Promise.all([text(child.stdout!), text(child.stderr!)]);
  const [code] = (await once(child, 'close')) as [number];
  return { code, said: (await said).join('').trim() };
}

async function signIn(password: string): Promise<Response> {
  return fetch(`${gateway.api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password }),
  });
}

test('is set while the gateway runs: it is made and shown once, and older sessions end', async () => {
  const { refreshToken } = (await (await signIn('the first password')).json()) as { refreshToken: string };
  const { code, said } = await setHere('admin');
  assert.is(code, 0, said);
  const made = /shown once: (\S+)$/.exec(said)![1]!;
  assert.equal([(await signIn('the first password')).status, (await signIn(made)).status], [401, 200]);
  const refresh = await fetch(`${gateway.api}/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refreshToken }),
  });
  assert.is(refresh.status, 401);
});

test('is set while nothing runs, and the next start knows it', async () => {
  await gateway.stop();
  const { code, said } = await setHere('admin', { RELAY_NEW_PASSWORD: 'one that was chosen' });
  assert.equal([code, said], [0, 'The password of admin was set; the user is signed out everywhere.']);
  await gateway.start();
  assert.is((await signIn('one that was chosen')).status, 200);
});

test('is refused for a user that is not there, if it is easy to guess, and where there is no database', async () => {
  for (const [asked, answer] of [
    [setHere('nobody'), { code: 2, said: /there is no user of this name/ }],
    [setHere('admin', { RELAY_NEW_PASSWORD: 'password1' }), { code: 1, said: /weak-password/ }],
    [
      setHere('admin', {}, join(folder, 'elsewhere')),
      { code: 1, said: /^There is no database in .*RELAY_DATA_DIR/ },
    ],
  ] as const) {
    const { code, said } = await asked;
    assert.is(code, answer.code, said);
    assert.match(said, answer.said);
  }
  assert.is((await signIn('one that was chosen')).status, 200);
});

test.run();
