/**
 * The files of the embedded database: `cluster` in its folder, made completely or not at all at the first start, with
 * the password in a file of ours among PostgreSQL's.
 *
 * [Note: the working directory] Programs that run as the account are started in the database's folder, enter the
 * cluster themselves, and are told "here" instead of a path. So paths may contain anything, and an account that may not
 * pass through the folders above (root's home) still reaches the files: Node enters the folder as root before it
 * changes the account, and Linux' magic link /proc/self/cwd leads there without passing through those folders
 * (proc(5)).
 */
import { join } from 'node:path';
import { type Account, CannotRun, type Place } from './account.ts';
import { asAccount } from './as-account.ts';
import { findProgram, type Program } from './program.ts';

export type Cluster = {
  readonly folder: string;
  readonly place: Place;
  readonly password: string;
  /** Whether a server may be running on it, or may have been killed. */
  readonly isNoted: boolean;
};

/** [Note: the working directory] */
export function hereFor({ uid }: Account): string {
  return uid !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : '.';
}

export const clusterIn = (folder: string): string => join(folder, 'cluster');
/**
 * The password of the only account, `relay`. It is stored in the cluster, so that both are made, kept and moved
 * together.
 */
export const passwordIn = (cluster: string): string => join(cluster, 'relaypacs.password');

async function makeCluster(place: Place, program: Program): Promise<void> {
  const initdb = join(program.folder, 'bin', 'initdb');
  const failure = await asAccount(place, 'makeCluster', {
    program: initdb,
    env: program.env,
    here: hereFor(place.account),
  });
  if (failure === null) return;
  throw new CannotRun(`The embedded database could not be made in ${place.folder}: ${failure}`);
}

/**
 * The cluster in this folder, created if it is missing. @throws CannotRun, also for another major version.
 */
export async function openCluster(place: Place): Promise<Cluster> {
  const folder = clusterIn(place.folder);
  const [program, first] = await Promise.all([findProgram(place.account), asAccount(place, 'readCluster')]);
  let found = first;
  if (found === null) {
    await makeCluster(place, program);
    found = await asAccount(place, 'readCluster');
  }
  if (found === null || !/^\d+$/.test(found.version)) {
    throw new CannotRun(`${folder} holds no database of PostgreSQL: its PG_VERSION names no version.`);
  }
  if (Number(found.version) !== program.major) {
    throw new CannotRun(
      `The database in ${folder} was made by PostgreSQL ${found.version}, and this RelayPACS comes with PostgreSQL ${program.major}, which cannot read it. ` +
        'Start the RelayPACS that made it, or choose another RELAY_DATA_DIR.',
    );
  }
  if (!/^[0-9a-f]{64}$/.test(found.password)) {
    throw new CannotRun(
      `${passwordIn(folder)} does not hold the database's password. Restore it from a backup.`,
    );
  }
  return { folder, place, password: found.password, isNoted: found.isNoted };
}
