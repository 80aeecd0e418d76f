/**
 * The account that PostgreSQL runs as. It is this process's own account, except for root, which PostgreSQL refuses. For
 * root it is the owner of the database's folder; for a new folder `postgres` where the system has that account,
 * otherwise `nobody`.
 *
 * [Note: root and the account] The account may put anything into its folder, including symbolic links. So root makes
 * that folder, hands it over while it is empty, and uses no path below it. A process that runs as the account
 * (as-account.ts) does the rest. Root's path to the folder itself is safe, because only root can change its parent.
 */
import { lchown, lstat, mkdir, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The account in the form that `child_process.spawn` takes; empty: the account of this process. */
export type Account = { readonly uid?: number; readonly gid?: number };

/** The folder of an embedded database, with symbolic links resolved. */
export type Place = { readonly folder: string; readonly account: Account };

/** The embedded database cannot run here; the message tells a person what to do. */
export class CannotRun extends Error {}

const ACCOUNTS = ['postgres', 'nobody'];

async function readAccounts(): Promise<readonly { name: string; uid: number; gid: number }[]> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  return lines.map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
}

async function accountOfSystem(): Promise<Required<Account>> {
  const accounts = await readAccounts();
  for (const name of ACCOUNTS) {
    const { uid, gid } = accounts.find((entry) => entry.name === name) ?? { uid: 0, gid: 0 };
    if (uid > 0 && gid > 0) return { uid, gid };
  }
  throw new CannotRun(
    'PostgreSQL refuses to run as root, and this system has neither an account "postgres" nor "nobody". Start RelayPACS as another user.',
  );
}

/** [Note: root and the account] */
async function chooseAccount(folder: string): Promise<Account> {
  const parent = await stat(dirname(folder));
  if (parent.uid !== 0 || (parent.mode & 0o022) !== 0) {
    throw new CannotRun(
      `Other accounts can replace ${folder}. Run "chown root ${dirname(folder)}" and "chmod go-w ${dirname(folder)}", or do not start RelayPACS as root.`,
    );
  }
  const owner = await lstat(folder);
  if (owner.uid !== 0) {
    const known = (await readAccounts()).find(({ uid }) => uid === owner.uid);
    return { uid: owner.uid, gid: known?.gid ?? owner.gid };
  }
  const { uid, gid } = await accountOfSystem();
  if ((await readdir(folder)).length > 0) {
    throw new CannotRun(
      `${folder} belongs to root, and PostgreSQL refuses to run as root. Run "chown -R ${uid}:${gid} ${folder}" if it holds RelayPACS's database.`,
    );
  }
  await lchown(folder, uid, gid);
  return { uid, gid };
}

/** The folder, created if necessary, and its account. @throws CannotRun where others can change it. */
export async function openPlace(path: string): Promise<Place> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const folder = await realpath(path);
  if (process.platform === 'win32') return { folder, account: {} };
  const { mode, uid } = await lstat(folder);
  if ((mode & 0o022) !== 0) {
    throw new CannotRun(`Other accounts can change the database in ${folder}. Run "chmod 700 ${folder}".`);
  }
  if (process.getuid?.() === 0) return { folder, account: await chooseAccount(folder) };
  if (uid === process.getuid?.()) return { folder, account: {} };
  throw new CannotRun(
    `The database's folder ${folder} belongs to another account. Start RelayPACS as that account, or choose another RELAY_DATA_DIR.`,
  );
}
