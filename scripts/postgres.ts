/**
 * A PostgreSQL server for tests: a cluster of its own in a temporary folder, on a free port of the loopback, gone afterwards.
 *
 * PostgreSQL refuses to run as root: then it runs as the `postgres` user that Debian's package made. It is set to be fast, not to survive a
 * power cut: nothing in it is worth keeping.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './ports.ts';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const READY_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 5_000;
/** Crash safety costs a test run minutes on a slow disk. */
const FAST_AND_LOOSE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off', 'shared_buffers=64MB', 'max_connections=200'];

export type RunningPostgres = { readonly url: string; readonly pid: number; stop(): Promise<void> };

type Account = { uid?: number; gid?: number };

/** The folder with `initdb` and `postgres` of the newest installed version; null when there is none. */
export async function findPostgres(): Promise<string | null> {
  const versions = (await readdir(DEBIAN_FOLDER).catch(() => [])).map(Number).filter(Number.isInteger).sort((a, b) => b - a);
  return versions[0] === undefined ? null : join(DEBIAN_FOLDER, String(versions[0]), 'bin');
}

async function unprivilegedAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (!uid || !gid) throw new Error('PostgreSQL may not run as root, and there is no postgres user.');
  return { uid: Number(uid), gid: Number(gid) };
}

async function makeCluster(bin: string, folder: string, password: string, account: Account): Promise<string> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined) {
    await chown(folder, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  await chmod(folder, 0o700);
  const data = join(folder, 'data');
  const parameters = ['-D', data, '-U', 'relay', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  await promisify(execFile)(join(bin, 'initdb'), parameters, { cwd: folder, ...account });
  return data;
}

/** @throws Error when PostgreSQL is not installed or does not start; the message has its last words. */
export async function startPostgres(): Promise<RunningPostgres> {
  const bin = await findPostgres();
  if (!bin) throw new Error('PostgreSQL is not installed (Debian: apt-get install postgresql).');
  const account = await unprivilegedAccount();
  const folder = await mkdtemp(join(tmpdir(), 'relay-postgres-'));
  const password = randomBytes(16).toString('hex');
  const data = await makeCluster(bin, folder, password, account);
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...FAST_AND_LOOSE].flatMap((setting) => ['-c', setting]);
  const child = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...settings], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...account });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2_000)));
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()).once('error', () => resolve()));

  const stop = async (): Promise<void> => {
    // "Fast shutdown": clients are cut off, work in progress is rolled back (pg_ctl(1)).
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(late);
    await rm(folder, { recursive: true, force: true });
  };
  const end = performance.now() + READY_WITHIN_MS;
  while (!words.includes('ready to accept connections')) {
    if (child.exitCode !== null || performance.now() > end) {
      await stop();
      throw new Error(`PostgreSQL did not start: ${words}`);
    }
    await after(50);
  }
  return { url: `postgres://relay:${password}@127.0.0.1:${port}/postgres`, pid: child.pid!, stop };
}
