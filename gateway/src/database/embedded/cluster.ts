/**
 * The files of the embedded database: `cluster` in its folder, made at the first start, whole or not at all,
 * with the password in a file of ours among PostgreSQL's.
 *
 * [Note: the working directory] Children are started in the cluster and told "here" instead of a path. So
 * paths may hold anything, and an account that may not pass through the folders above (root's home) still
 * reaches the files: Node enters the folder as root before it changes the account, and Linux' magic link
 * /proc/self/cwd leads there without a walk from the top (proc(5)).
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Account, CannotRun } from './account.ts';
import type { Program } from './program.ts';

export type Cluster = { readonly folder: string; readonly password: string };

/** [Note: the working directory] */
export function hereFor({ uid }: Account): string {
  return uid !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : '.';
}

export const clusterIn = (folder: string): string => join(folder, 'cluster');
/** Of the one account, `relay`; in the cluster, so that both are made, kept and moved together. */
export const passwordIn = (cluster: string): string => join(cluster, 'relaypacs.password');

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

async function give(path: string, { uid, gid }: Account): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

async function runInitdb(draft: Draft, program: Program, account: Account): Promise<void> {
  const parameters = [
    ...['-D', hereFor(account), '-U', 'relay', '-A', 'scram-sha-256', '--pwfile', '../password'],
    ...['-E', 'UTF8', '--locale=C', '--data-checksums', '--no-instructions'],
  ];
  await promisify(execFile)(join(program.folder, 'bin', 'initdb'), parameters, {
    ...account,
    cwd: draft.cluster,
    env: program.env,
  });
}

/** A folder of this start alone: another one may be making the cluster at the same time. */
type Draft = { readonly folder: string; readonly cluster: string; readonly password: string };

async function makeDraft(folder: string, account: Account): Promise<Draft> {
  const draft = await mkdtemp(`${clusterIn(folder)}.new-`);
  const paths = { folder: draft, cluster: join(draft, 'cluster'), password: join(draft, 'password') };
  await mkdir(paths.cluster, { mode: 0o700 });
  await writeFile(paths.password, randomBytes(32).toString('hex'), { mode: 0o600, flush: true });
  for (const path of [folder, ...Object.values(paths)]) await give(path, account);
  return paths;
}

/** Made by PostgreSQL's own program, in a draft that gets its name when it is whole and on the disk. */
async function makeCluster(folder: string, program: Program, account: Account): Promise<void> {
  const draft = await makeDraft(folder, account);
  try {
    await runInitdb(draft, program, account).catch((error: Error & { stderr?: string }) => {
      throw new CannotRun(
        `The embedded database could not be made in ${folder}: ${(error.stderr ?? error.message).trim().slice(-1_000)}`,
      );
    });
    await rename(draft.password, passwordIn(draft.cluster));
    await syncFolder(draft.cluster);
    await rename(draft.cluster, clusterIn(folder)).catch((error: NodeJS.ErrnoException) => {
      // Another start was faster: its cluster is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    await syncFolder(folder);
  } finally {
    await rm(draft.folder, { recursive: true, force: true });
  }
}

/**
 * The cluster in this folder, created if it is missing. @throws CannotRun, also for another major version.
 */
export async function openCluster(folder: string, program: Program, account: Account): Promise<Cluster> {
  const cluster = clusterIn(folder);
  if (!existsSync(cluster)) await makeCluster(folder, program, account);
  const found = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  if (Number(found) !== program.major) {
    throw new CannotRun(
      `The database in ${cluster} was made by PostgreSQL ${found}, and this RelayPACS comes with PostgreSQL ${program.major}, which cannot read it. ` +
        'Start the RelayPACS that made it, or choose another RELAY_DATA_DIR.',
    );
  }
  return { folder: cluster, password: (await readFile(passwordIn(cluster), 'utf8')).trim() };
}
