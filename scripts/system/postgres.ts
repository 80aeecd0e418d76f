/**
 * A PostgreSQL server for tests: a cluster of its own in a temporary folder, on a free port of the loopback,
 * gone afterwards; or one in a folder that stays, which keeps what it has committed when it is killed.
 *
 * PostgreSQL refuses to run as root: then it runs as the `postgres` user that Debian's package made, and the
 * folder must be reachable for it. It is set to be fast, not to survive a power cut: nothing in it is worth
 * keeping.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './ports.ts';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const READY_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 5_000;
/** Crash safety costs a test run minutes on a slow disk. */
const FAST = [
  'fsync=off',
  'full_page_writes=off',
  'autovacuum=off',
  'shared_buffers=64MB',
  'max_connections=200',
];
/** What was committed in the last moments may be lost with the process. */
const LOOSE = ['synchronous_commit=off'];

export type RunningPostgres = {
  readonly url: string;
  readonly pid: number;
  /** Removes the folder too, unless it was given. */
  stop(): Promise<void>;
  /**
   * "Immediate shutdown" (pg_ctl(1)): all processes end at once, and the next start recovers from the log.
   */
  crash(): Promise<void>;
};

export type PostgresOptions = {
  /** Stays when the server ends; its cluster is made at the first start and used again. */
  readonly folder?: string;
  readonly port?: number;
};

type Account = { uid?: number; gid?: number };

/** The folder with `initdb` and `postgres` of the newest installed version; null when there is none. */
export async function findPostgres(): Promise<string | null> {
  const versions = (await readdir(DEBIAN_FOLDER).catch(() => []))
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => b - a);
  return versions[0] === undefined ? null : join(DEBIAN_FOLDER, String(versions[0]), 'bin');
}

async function unprivilegedAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (!uid || !gid) throw new Error('PostgreSQL may not run as root, and there is no postgres user.');
  return { uid: Number(uid), gid: Number(gid) };
}

/** The password of the cluster in this folder, which is made where there is none. */
async function openCluster(bin: string, folder: string, account: Account): Promise<string> {
  const isThere = await access(join(folder, 'data', 'PG_VERSION')).then(
    () => true,
    () => false,
  );
  if (isThere) return readFile(join(folder, 'password'), 'utf8');
  const password = randomBytes(16).toString('hex');
  await makeCluster(bin, folder, password, account);
  return password;
}

async function makeCluster(bin: string, folder: string, password: string, account: Account): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined) {
    await chown(folder, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  await chmod(folder, 0o700);
  const parameters = [
    '-D',
    join(folder, 'data'),
    '-U',
    'relay',
    '-A',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ];
  await promisify(execFile)(join(bin, 'initdb'), parameters, { cwd: folder, ...account });
}

/** @throws Error when PostgreSQL is not installed or does not start; the message has its last words. */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const bin = await findPostgres();
  if (!bin) throw new Error('PostgreSQL is not installed (Debian: apt-get install postgresql).');
  const account = await unprivilegedAccount();
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'relay-postgres-')));
  await mkdir(folder, { recursive: true });
  const password = await openCluster(bin, folder, account);
  const port = options.port ?? (await freePort());
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    ...FAST,
    ...(options.folder === undefined ? LOOSE : []),
  ];
  const parameters = [
    '-D',
    join(folder, 'data'),
    '-p',
    String(port),
    ...settings.flatMap((setting) => ['-c', setting]),
  ];
  const child = spawn(join(bin, 'postgres'), parameters, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...account,
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2_000)));
  const exited = new Promise<void>(
    (resolve) => void child.once('exit', () => resolve()).once('error', () => resolve()),
  );

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(late);
  };
  const stop = async (): Promise<void> => {
    // "Fast shutdown": clients are cut off, work in progress is rolled back (pg_ctl(1)).
    await end('SIGINT');
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  const lastMoment = performance.now() + READY_WITHIN_MS;
  while (!words.includes('ready to accept connections')) {
    if (child.exitCode !== null || performance.now() > lastMoment) {
      await stop();
      throw new Error(`PostgreSQL did not start: ${words}`);
    }
    await after(50);
  }
  return {
    url: `postgres://relay:${password}@127.0.0.1:${port}/postgres`,
    pid: child.pid!,
    stop,
    crash: () => end('SIGQUIT'),
  };
}
