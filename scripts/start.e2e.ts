/**
 * `npm start` as an operator meets it: started, started twice, its parts killed, itself killed, ended. Real
 * gateway, real Orthanc.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IS_WHOLE_PROOF, PATIENCE_MS, skip } from '#testing/environment.ts';
import { until as untilSeen } from '#testing/gateway-under-test.ts';
import { findOrthanc } from './system/orthanc.ts';
import { freePort } from './system/ports.ts';
import { noteProcess } from './system/processes.ts';
import { readRunning } from './system/running.ts';
import type { Running } from './system/running.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const START = fileURLToPath(new URL('./start.ts', import.meta.url));
const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.js', import.meta.url));

type Start = { process: ChildProcess; words: () => string; ended: Promise<number | string> };

const folder = await mkdtemp(join(tmpdir(), 'relay-start-'));
const secrets = await mkdtemp(join(tmpdir(), 'relay-secrets-'));
const api = await freePort();
const web = await freePort();
const pacs = await freePort();
const hasOrthanc = (await findOrthanc()) !== null;
const starts: Start[] = [];

function start(env: NodeJS.ProcessEnv = {}, program: readonly string[] = [START]): Start {
  const child = spawn(process.execPath, program, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      RELAY_PORT: String(api),
      RELAY_WEB_PORT: String(web),
      RELAY_PACS_PORT: String(pacs),
      RELAY_DATA_DIR: folder,
      RELAY_ADMIN_PASSWORD: 'correct horse battery staple',
      PACS_URL: '',
      DATABASE_URL: '',
      // A container engine would be taken first; here the processes themselves are looked at.
      DOCKER_HOST: 'unix:///nowhere',
      ...env,
    },
  });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stdout?.resume();
  const ended = once(child, 'exit').then(
    ([code, signal]: (number | string | null)[]) => code ?? signal ?? 'unknown',
  );
  const started = { process: child, words: () => text, ended };
  starts.push(started);
  return started;
}

/** Waits as the gateway’s tests do, with the words of the last start. */
async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  return untilSeen(what, look).catch((error: Error) => {
    throw new Error(`${error.message}\n${starts.at(-1)?.words()}`);
  });
}

const ready = (started: Start): Promise<Running> =>
  until('ready', async () => {
    if (started.process.exitCode !== null) throw new Error(`It ended: ${started.words()}`);
    return readRunning(folder);
  });

/** Until another start than the last one to be ready is ready: one that was killed leaves its file. */
const readyAgain = (last: Running): Promise<Running> =>
  until('ready again', async () => {
    const now = await readRunning(folder);
    return now === null || now.pids.supervisor === last.pids.supervisor ? null : now;
  });

async function status(url: string, authorization?: string): Promise<number | null> {
  const answer = await fetch(url, { headers: authorization ? { authorization } : {} }).catch(() => null);
  await answer?.body?.cancel();
  return answer?.status ?? null;
}

const isGone = async (pid: number): Promise<true | null> => ((await noteProcess(pid)) === null ? true : null);

/** Runs a step of the story only where there is an Orthanc to run. */
function step(name: string, run: () => Promise<void>): void {
  test(name, async () => (hasOrthanc ? run() : skip(`npm start: ${name}`, 'Orthanc is not installed')));
}

/** The output of a start and its exit code. A system that it starts by mistake ends with the time-out. */
const answerTo = (...args: readonly string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const env = {
      ...process.env,
      RELAY_DATA_DIR: folder,
      RELAY_PORT: String(api),
      RELAY_WEB_PORT: String(web),
    };
    execFile(process.execPath, [START, ...args], { env, timeout: PATIENCE_MS }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });

test('--help and -h say what can be set, an unknown option is refused, and nothing is started', async () => {
  for (const option of ['--help', '-h']) {
    const { code, out } = await answerTo(option);
    assert.is(code, 0);
    assert.match(out, /^usage: npm start/);
    assert.match(out, 'RELAY_WEB_PORT');
  }
  for (const [wrong, said] of [
    ['--port=3000', /^Unknown option '--port'/],
    ['3000', /^Unexpected argument '3000'/],
  ] as const) {
    const { code, err } = await answerTo(wrong);
    assert.is(code, 2);
    assert.match(err, said);
    assert.match(err, 'usage: npm start');
  }
  assert.equal(await readdir(folder), []);
});

let first: Start;
let running: Running;

step('one command gives a web app, an API and a real PACS, and says where they are', async () => {
  // The file is read once: the gateway that dies below is started again without it.
  const secret = join(secrets, 'audit-url');
  await writeFile(secret, `file://${join(secrets, 'heads.jws')}\n`);
  first = start({ RELAY_AUDIT_URL_FILE: secret });
  running = await ready(first);
  await rm(secret);
  assert.is(running.web, `http://127.0.0.1:${web}`);
  assert.is(running.api, `http://127.0.0.1:${api}`);
  assert.is(await status(`${running.web}/`), 200);
  assert.is(await status(`${running.api}/health/ready`), 200);
  assert.is(await status(`${running.web}/api/health/ready`), 200);
  assert.is(await status(`${running.pacs.url}/studies`, running.pacs.authorization!), 200);
  assert.is(await status(`${running.pacs.url}/studies`), 401, 'the PACS asks for its password');
  assert.is(
    (await stat(join(folder, 'running.json'))).mode & 0o777,
    0o600,
    'the password is for the owner only',
  );
  assert.match(first.words(), /RelayPACS is ready/);
  assert.match(first.words(), `Open      http://localhost:${web}\n`);
  assert.match(first.words(), 'later values of RELAY_ADMIN_PASSWORD change nothing');
});

/** proc(5): the environment with which a process was started, for its account to read. */
const environmentOf = (pid: number): Promise<string> => readFile(`/proc/${pid}/environ`, 'utf8');

step('no process that it starts can be read for a secret in its environment', async () => {
  if (process.platform !== 'linux') return skip('secrets in environments', '/proc is Linux’s');
  const [, password] = Buffer.from(running.pacs.authorization!.slice('Basic '.length), 'base64')
    .toString()
    .split(':');
  const environments = await Promise.all((await pidsLeft()).map(environmentOf));
  assert.equal(environments.length, 3);
  for (const environment of environments) {
    assert.ok(environment.length > 0);
    for (const secret of ['correct horse battery staple', running.pacs.authorization!, password!])
      assert.not.ok(environment.includes(secret));
  }
});

step('a second start while one is running says so, fails and disturbs nothing', async () => {
  const second = start();
  assert.is(await second.ended, 1);
  assert.match(second.words(), `already running at http://localhost:${web} `);
  assert.is(await status(`${running.api}/health/ready`), 200);
  assert.equal((await readRunning(folder))?.pids, running.pids);
});

step('a gateway that dies is started again', async () => {
  const before = running.pids.gateway!;
  process.kill(before, 'SIGKILL');
  await until('another gateway', async () =>
    (await readRunning(folder))?.pids.gateway === before ? null : true,
  );
  await until('the gateway answers', async () =>
    (await status(`${running.api}/health/ready`)) === 200 ? true : null,
  );
  assert.ok(await isGone(before), 'the old gateway is gone');
  assert.equal((await readRunning(folder))?.pids.orthanc, running.pids.orthanc, 'the PACS was left alone');
});

async function hangs(): Promise<void> {
  // From then on the supervisor looks whether it lives.
  await until('the supervisor to have it back', async () => first.words().includes('runs again') || null);
  const before = (await readRunning(folder))!.pids.gateway!;
  process.kill(before, 'SIGSTOP');
  await until('another gateway', async () =>
    (await readRunning(folder))?.pids.gateway === before ? null : true,
  );
  await until('the gateway answers', async () =>
    (await status(`${running.api}/health/ready`)) === 200 ? true : null,
  );
  assert.ok(await isGone(before), 'the one that hung is gone');
  assert.match(first.words(), 'it no longer answered');
}

// Slow, because a gateway is only dead when it has said nothing for a while; so the whole proof alone waits for it.
if (IS_WHOLE_PROOF) step('a gateway that hangs is ended and started again', hangs);

step('an Orthanc that dies is started again, with the same password', async () => {
  const before = running.pids.orthanc!;
  process.kill(before, 'SIGKILL');
  await until('another Orthanc', async () =>
    (await readRunning(folder))?.pids.orthanc === before ? null : true,
  );
  const { url, authorization } = running.pacs;
  await until('Orthanc answers', async () =>
    (await status(`${url}/studies`, authorization!)) === 200 ? true : null,
  );
  assert.ok(await isGone(before), 'the old Orthanc is gone');
  assert.is(await status(`${url}/studies`), 401, 'it still asks for its password');
});

/** Every process of a start but the one that the test has killed, the database's too. */
async function pidsLeft(): Promise<readonly number[]> {
  const { gateway, orthanc } = (await readRunning(folder))!.pids;
  const note = await readFile(join(folder, 'database', 'cluster', 'postmaster.pid'), 'utf8');
  return [gateway!, orthanc!, Number(note.split('\n')[0])];
}

async function untilGone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) assert.ok(await until(`process ${pid} is gone`, () => isGone(pid)));
}

step('when npm start itself is killed, all that it started ends too', async () => {
  const left = await pidsLeft();
  first.process.kill('SIGKILL');
  await first.ended;
  await untilGone(left);
});

step(
  'when the process around it is killed, all of it ends, and nothing is left for the next start',
  async () => {
    first = start({}, [BOOTSTRAP, START]);
    running = await readyAgain(running);
    assert.not.match(first.words(), /left behind: /);
    const left = [...(await pidsLeft()), running.pids.supervisor!];
    first.process.kill('SIGKILL');
    await first.ended;
    await untilGone(left);
    assert.is(await readRunning(folder), null);
  },
);

step('when it is killed and a part cannot notice, the next start ends that part and is ready', async () => {
  first = start();
  running = await ready(first);
  const left = running.pids;
  process.kill(left.gateway!, 'SIGSTOP');
  first.process.kill('SIGKILL');
  await first.ended;
  first = start();
  running = await readyAgain(running);
  assert.match(first.words(), /left behind: .*gateway/);
  assert.ok(await isGone(left.gateway!), 'the old gateway is gone');
  assert.ok(await isGone(left.orthanc!), 'the old Orthanc is gone');
});

step('Ctrl-C ends all of it', async () => {
  const { pids } = running;
  first.process.kill('SIGINT');
  assert.is(await first.ended, 0);
  for (const [name, pid] of Object.entries(pids)) await until(`${name} is gone`, () => isGone(pid));
  assert.is(await status(`${running.web}/`), null);
  assert.is(await readRunning(folder), null);
  await access(join(folder, 'start.json')).then(
    () => assert.unreachable('start.json is left'),
    () => undefined,
  );
});

step('a port that is taken is named, with what to do', async () => {
  const other = createServer();
  const port = await listenOnLoopback(other);
  const refused = start({ RELAY_PORT: String(port) });
  assert.is(await refused.ended, 1);
  assert.match(
    refused.words(),
    new RegExp(`Port ${port} is in use by node, process ${process.pid}.*RELAY_PORT=${port + 1} npm start`),
  );
  other.close();
});

step('wrong settings are all named at once', async () => {
  const refused = start({ RELAY_PORT: 'eighty', RELAY_PACS_PORT: '-1' });
  assert.is(await refused.ended, 1);
  assert.match(refused.words(), /RELAY_PORT must be a port/);
  assert.match(refused.words(), /RELAY_PACS_PORT must be a port/);
});

test.after(async () => {
  for (const { process: child, ended } of starts) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  }
  for (const each of [folder, secrets]) await rm(each, { recursive: true, force: true });
});

test.run();
