/**
 * The account that PostgreSQL runs as: this process's own, except for root, which PostgreSQL refuses. Then it
 * is the owner of the database's files, or for new ones `postgres` where the system has that account, else
 * `nobody`.
 */
import { readFile, stat } from 'node:fs/promises';
import { ignoreFailure } from '#shared/ignore-failure.ts';

/** As `child_process.spawn` takes it; empty: the account of this process. */
export type Account = { readonly uid?: number; readonly gid?: number };

/** The embedded database cannot run here; the message tells a person what to do. */
export class CannotRun extends Error {}

const ACCOUNTS = ['postgres', 'nobody'];

async function accountOfSystem(): Promise<Account> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ACCOUNTS) {
    const [, , uid, gid] = lines.find(([entry]) => entry === name) ?? [];
    if (Number(uid) > 0 && Number(gid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new CannotRun(
    'PostgreSQL refuses to run as root, and this system has neither an account "postgres" nor "nobody". Start RelayPACS as another user.',
  );
}

/** `cluster`: where the database's files are, if there are any. */
export async function chooseAccount(cluster: string): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const owner = await ignoreFailure(stat(cluster), 'there is none yet');
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : accountOfSystem();
}
