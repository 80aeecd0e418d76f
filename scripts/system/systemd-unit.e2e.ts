// test:all: Starts the whole system; systemd-unit.test judges the unit, gateway-process.test the answers behind a beat.
/**
 * The service as systemd starts it: the unit's ExecStart line as another account, with the environment, credentials and
 * sockets that systemd gives. systemd itself is played by a socket and by this test.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { findSystemd, readUnit } from '#testing/unit-file.ts';
import { bringWebApp } from '../build.ts';
import { ROOT } from '../check/source-files.ts';
import { findOrthanc } from './orthanc.ts';
import { freePort } from './ports.ts';
import { noteProcess } from './processes.ts';
import { readRunning } from './running.ts';

const PASSWORD = 'correct horse battery staple';
/** The default of systemd, and this Node where another place has it. */
/** This Node first: whoever installs the service has built it with one that is there. */
const PATH = `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
/** nobody, where root runs the tests. */
const ACCOUNT = process.getuid?.() === 0 ? 65_534 : null;
const AS_ACCOUNT = [
  ...['setpriv', `--reuid=${ACCOUNT}`, `--regid=${ACCOUNT}`, '--clear-groups', '--no-new-privs'],
  ...['--bounding-set=-all', '--inh-caps=-all'],
];
/** Prints each datagram of a socket of the local family, which Node does not have. */
const LISTEN = `use Socket; socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($ARGV[0])) or die;
chmod 0666, $ARGV[0]; $| = 1; print "LISTENING\\n"; while (defined(recv($s, my $m, 4096, 0))) { print "$m\\n" }`;

const test = suite('the service of systemd');
const children: ChildProcess[] = [];
let folder: string;
test.before(async () => {
  // Another account may enter it; the folder of a run is for its owner.
  folder = await mkdtemp('/var/tmp/relay-systemd-');
  await chmod(folder, 0o755);
});
test.after(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

/** `words`, as the account of the service. */
const asAccount = (words: readonly string[]): [string, string[]] => {
  const [program, ...rest] = ACCOUNT === null ? words : [...AS_ACCOUNT, ...words];
  return [program!, rest];
};

async function whyNot(): Promise<string | null> {
  if (findSystemd() === null) return 'systemd is not installed';
  if ((await findOrthanc()) === null) return 'Orthanc is not installed';
  const [program, words] = asAccount(['test', '-r', join(ROOT, 'package.json')]);
  const [code] = await once(spawn(program, words, { stdio: 'ignore' }), 'exit');
  return code === 0 ? null : 'other accounts cannot read this folder';
}

/** Gives the folder to the account of the service. */
async function makeFolder(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { mode: 0o700 });
  if (ACCOUNT !== null) await chown(path, ACCOUNT, ACCOUNT);
  return path;
}

/** What systemd gives the process of the unit, besides its streams (systemd.exec(5)). */
async function environmentOfUnit(unit: Map<string, readonly string[]>, file: string) {
  const credentials = await makeFolder('credentials');
  const secret = join(credentials, 'secrets_RELAY_ADMIN_PASSWORD');
  await writeFile(secret, `${PASSWORD}\n`, { mode: 0o400 });
  if (ACCOUNT !== null) await chown(secret, ACCOUNT, ACCOUNT);
  const assigned = [...unit.get('Environment')!.flatMap((line) => line.split(' ')), ...file.split('\n')];
  return {
    PATH,
    ...{ HOME: folder, INVOCATION_ID: '0', WATCHDOG_PID: '1', WATCHDOG_USEC: '2000000' },
    ...{ CREDENTIALS_DIRECTORY: credentials, NOTIFY_SOCKET: join(folder, 'notify') },
    ...Object.fromEntries(assigned.filter(Boolean).map((line) => line.split(/=(.*)/s).slice(0, 2))),
  } as NodeJS.ProcessEnv;
}

async function listenForService(): Promise<string[]> {
  const listener = spawn('perl', ['-e', LISTEN, join(folder, 'notify')], { stdio: ['ignore', 'pipe', 2] });
  children.push(listener);
  const told: string[] = [];
  listener.stdout!.setEncoding('utf8').on('data', (piece: string) => told.push(...piece.trim().split('\n')));
  await until('the socket', () => told.includes('LISTENING'));
  return told;
}

async function startUnit(dataDir: string, ports: readonly number[]) {
  const settings = ['PACS_URL=', 'DATABASE_URL=', 'DOCKER_HOST=unix:///nowhere'];
  for (const [at, name] of ['RELAY_PORT', 'RELAY_WEB_PORT', 'RELAY_PACS_PORT'].entries())
    settings.push(`${name}=${ports[at]}`);
  const unit = readUnit({ S: dirname(dataDir), C: await makeFolder('cache') });
  const env = await environmentOfUnit(unit, settings.join('\n'));
  const journal = await open(join(folder, 'journal'), 'a');
  const { dev, ino } = await journal.stat();
  const [program, words] = asAccount(unit.get('ExecStart')![0]!.split(' '));
  const service = spawn(program, words, {
    cwd: ROOT,
    env: { ...env, RELAY_DATA_DIR: dataDir, JOURNAL_STREAM: `${dev}:${ino}` },
    stdio: ['ignore', journal.fd, journal.fd],
  });
  await journal.close();
  children.push(service);
  return { service, journal: () => readFile(join(folder, 'journal'), 'utf8') };
}

/** Until systemd would have been told so. */
const untilTold = (told: readonly string[], what: string, service: ChildProcess): Promise<unknown> =>
  until(what, () => {
    if (service.exitCode !== null && what !== 'STOPPING=1') throw new Error(`it ended: ${service.exitCode}`);
    return told.includes(what);
  });

async function signIn(api: string): Promise<number> {
  const answer = await fetch(`${api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  await answer.body?.cancel();
  return answer.status;
}

test('says when it is ready and that it lives, takes its secrets from credentials, and ends when told to', async () => {
  const why = await whyNot();
  if (why !== null) skip('the service as systemd starts it', why);
  await bringWebApp();
  const told = await listenForService();
  const dataDir = await makeFolder('data');
  const ports = [await freePort(), await freePort(), await freePort()];
  const { service, journal } = await startUnit(dataDir, ports);
  await untilTold(told, 'READY=1', service).catch(async ({ message }: Error) =>
    assert.unreachable(`${message}\n${await journal()}`),
  );
  const { pids, api } = (await readRunning(dataDir))!;
  assert.is(await signIn(api), 200);
  told.length = 0;
  await untilTold(told, 'WATCHDOG=1', service);
  if (ACCOUNT !== null) assert.is((await stat(join(dataDir, 'keys'))).uid, ACCOUNT);
  const environment = await readFile(`/proc/${pids.gateway}/environ`, 'utf8');
  assert.not.match(environment, /NOTIFY_SOCKET|WATCHDOG_|correct horse/);
  assert.match(await journal(), /^<6>\{"at":"[^"]+","event":"gateway-ready"/m);
  service.kill('SIGTERM');
  assert.equal(await once(service, 'exit'), [0, null]);
  await untilTold(told, 'STOPPING=1', service);
  for (const pid of Object.values(pids))
    await until(`the end of ${pid}`, async () => (await noteProcess(pid)) === null);
});

test.run();
