/** Finds the embedded database of a gateway that may be running, for a command on the same machine. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CannotRun, openPlace } from './account.ts';
import { asAccount } from './as-account.ts';
import { clusterIn, openCluster } from './cluster.ts';
import { addressIn } from './leftover.ts';
import { urlOf } from './server.ts';

/**
 * The address of the server that works on this folder; null: there is none. @throws CannotRun: there is no database.
 */
export async function findRunning(path: string): Promise<string | null> {
  const isThere = await stat(clusterIn(path)).catch(() => null);
  if (isThere === null)
    throw new CannotRun(
      `There is no database in ${path}, or this account may not read it. Set RELAY_DATA_DIR as for npm start, and run this as the account that starts RelayPACS.`,
    );
  const { uid } = await stat(path);
  if (process.getuid?.() === 0 && uid !== 0 && (await stat(dirname(path))).uid === uid)
    throw new CannotRun(
      `The database in ${path} belongs to another account. Run this as that account, for example with sudo -u "#${uid}".`,
    );
  const cluster = await openCluster(await openPlace(path));
  const note = await asAccount(cluster.place, 'readNote');
  return note?.isRunning ? urlOf(cluster, addressIn(note)) : null;
}
