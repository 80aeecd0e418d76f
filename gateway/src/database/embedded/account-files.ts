/**
 * Operations on files and processes that need the rights of the database's account. If this process is root, a child
 * runs them as that account (as-account.ts). The child gets this file as text, because the account may not be able to
 * read it: so import only Node's own modules here.
 *
 * `folder` is the database's folder. In the child it is `.`, its working directory.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Enough for each file that is read here. */
const TEXT_BYTES = 4_096;

/** Null: there is no such file. Does not follow a link, and does not wait for the other end of a pipe. */
async function readText(path: string): Promise<string | null> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is not a regular file`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TEXT_BYTES), 0, TEXT_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function statIfThere(path: string): Promise<Stats | null> {
  return stat(path).catch(() => null);
}

type ClusterTexts = {
  readonly version: string;
  readonly password: string;
  /** Whether there is a note of a running server; it may have been left by one that was killed. */
  readonly isNoted: boolean;
};

/** Null: there is no cluster. */
async function readCluster(folder: string): Promise<ClusterTexts | null> {
  const cluster = join(folder, 'cluster');
  if ((await statIfThere(cluster)) === null) return null;
  const version = await readText(join(cluster, 'PG_VERSION'));
  const password = await readText(join(cluster, 'relaypacs.password'));
  const isNoted = (await statIfThere(join(cluster, 'postmaster.pid'))) !== null;
  return { version: (version ?? '').trim(), password: (password ?? '').trim(), isNoted };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

type Initdb = {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** [Note: the working directory] in cluster.ts */
  readonly here: string;
};

async function runInitdb(cluster: string, { program, env, here }: Initdb): Promise<string | null> {
  const parameters = [
    ...['-D', here, '-U', 'relay', '-A', 'scram-sha-256', '--pwfile', '../password'],
    ...['-E', 'UTF8', '--locale=C', '--data-checksums', '--no-instructions'],
  ];
  return promisify(execFile)(program, parameters, { cwd: cluster, env }).then(
    () => null,
    (error: Error & { stderr?: string }) => (error.stderr ?? error.message).trim().slice(-1_000),
  );
}

/**
 * Makes the cluster with PostgreSQL's own program, as a draft that is renamed once it is complete and on the disk. Each
 * start has a draft of its own, because another one may be making the cluster at the same time. Returns why it failed,
 * or null.
 */
async function makeCluster(folder: string, initdb: Initdb): Promise<string | null> {
  const draft = await mkdtemp(join(folder, 'cluster.new-'));
  const cluster = join(draft, 'cluster');
  const password = join(draft, 'password');
  try {
    await mkdir(cluster, { mode: 0o700 });
    await writeFile(password, randomBytes(32).toString('hex'), { mode: 0o600, flush: true });
    const failure = await runInitdb(cluster, initdb);
    if (failure !== null) return failure;
    await rename(password, join(cluster, 'relaypacs.password'));
    await syncFolder(cluster);
    await rename(cluster, join(folder, 'cluster')).catch((error: NodeJS.ErrnoException) => {
      // Another start was faster; its cluster is just as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    await syncFolder(folder);
    return null;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

type Found = { readonly parent: number; readonly command: string };

/** Null: there is no such process, or it does not belong to the account. */
async function findProcess(pid: number): Promise<Found | null> {
  if (process.platform === 'linux') {
    try {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      return { parent: Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]), command };
    } catch {
      return null;
    }
  }
  const told = await promisify(execFile)('ps', ['-o', 'ppid=,command=', '-p', String(pid)]).catch(() => null);
  const [, parent, command = ''] = /^\s*(\d+)\s+(.*)/.exec(told?.stdout ?? '') ?? [];
  return parent === undefined ? null : { parent: Number(parent), command };
}

/**
 * Finds the process if it is a server of this cluster. Process ids are reused after a restart of the machine, but a
 * server of this cluster has the cluster's folder as its working directory. The folder may have several paths, so
 * device and inode are compared.
 */
async function findServer(folder: string, pid: number): Promise<Found | null> {
  const found = await findProcess(pid);
  if (found === null || process.platform !== 'linux')
    return found?.command.includes('postgres') ? found : null;
  const at = await statIfThere(`/proc/${pid}/cwd`);
  const cluster = await statIfThere(join(folder, 'cluster'));
  return at !== null && at.dev === cluster?.dev && at.ino === cluster.ino ? found : null;
}

export type Note = {
  /** Lines of postmaster.pid (PostgreSQL, pidfile.h). */
  readonly lines: readonly string[];
  /** 0 where the file contains none. */
  readonly pid: number;
  readonly isRunning: boolean;
  /** The gateway that started the server, if it is still running: the server is its child. */
  readonly gateway: number | null;
};

async function readNote(folder: string): Promise<Note | null> {
  const text = await readText(join(folder, 'cluster', 'postmaster.pid'));
  if (text === null) return null;
  const lines = text.split('\n');
  const pid = Number(lines[0]) || 0;
  const server = pid > 0 ? await findServer(folder, pid) : null;
  const named = Number(/cluster_name=relaypacs-(\d+)/.exec(server?.command ?? '')?.[1]);
  return { lines, pid, isRunning: server !== null, gateway: server?.parent === named ? named : null };
}

async function removeNote(folder: string): Promise<void> {
  await rm(join(folder, 'cluster', 'postmaster.pid'), { force: true });
}

async function signalServer(folder: string, pid: number, signal: NodeJS.Signals): Promise<void> {
  if ((await findServer(folder, pid)) === null) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export const operations = {
  readCluster,
  makeCluster,
  readNote,
  removeNote,
  signalServer,
};
