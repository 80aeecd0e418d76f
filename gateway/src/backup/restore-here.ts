/**
 * Restores a backup on the machine of a gateway that has not started yet: into the data directory and the database that
 * the settings name. The schema is made as it was in the backup; the gateway climbs from there when it starts.
 */
import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { openDatabase, type Database, type DatabasePlace } from '../database/database.ts';
import { rungsUpTo } from '../database/migrations.ts';
import { isHalfFilled, markRestore, readRestore } from './backup-plan.store.ts';
import { BackupRefused, type BackupFault } from './backup-file.ts';
import { restoreBackup, RestoreRefused, type Restored } from './restore-backup.ts';

const VERSION = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

type Here = { readonly database: DatabasePlace; readonly dataDir: string; readonly blobs: string };

/** `said`: what is in the way, and where. */
export type Outcome =
  | { readonly kind: 'restored'; readonly restored: Restored }
  | { readonly kind: 'unusable'; readonly because: BackupFault }
  | { readonly kind: 'refused'; readonly because: RestoreRefused['because']; readonly said: string };

/** Throws what the disk and `openDatabase` throw. */
export async function restoreHere(path: string, identity: string, here: Here): Promise<Outcome> {
  try {
    return { kind: 'restored', restored: await restore(path, identity, here) };
  } catch (error) {
    if (error instanceof BackupRefused) return { kind: 'unusable', because: error.because };
    if (error instanceof RestoreRefused)
      return { kind: 'refused', because: error.because, said: error.message };
    throw error;
  }
}

function restore(path: string, identity: string, here: Here): Promise<Restored> {
  const { database: place, dataDir, blobs } = here;
  return restoreBackup(path, identity, {
    dataDir,
    blobs,
    holdsDatabase: place.kind === 'folder',
    requireKnown: (names) => void rungsUpTo(names, VERSION),
    async withDatabase(names, mark, fill) {
      const database = await openDatabase(place, undefined, {
        version: VERSION,
        rungs: rungsUpTo(names, VERSION),
        keep: () => Promise.reject(notEmpty('of an older RelayPACS')),
      });
      try {
        // No gateway can start on it while it is being filled.
        const filled = await database.whileAlone(async () => {
          if ((await hasPeople(database)) && !(await isOf(mark, database))) throw notEmpty('with accounts');
          await markRestore(database.db, mark);
          return fill({ url: database.url, finish: (madeAt) => finish(database, madeAt) });
        });
        if (filled !== null) return filled;
        throw new RestoreRefused('in-use', 'a gateway works on the database that DATABASE_URL names');
      } finally {
        await database.close();
      }
    },
  });
}

const notEmpty = (how: string): RestoreRefused =>
  new RestoreRefused('not-empty', `the database that DATABASE_URL names is one ${how}`);

async function hasPeople({ db }: Database): Promise<boolean> {
  return (await db.selectFrom('account').select('id').limit(1).execute()).length > 0;
}

/** What is there was brought by this restore, or by another one that did not end. */
async function isOf(mark: string, { db }: Database): Promise<boolean> {
  return (await readRestore(db))?.id === mark || (await isHalfFilled(db));
}

/** Who was signed in before the backup is not signed in after it. */
async function finish({ db }: Database, madeAt: string): Promise<void> {
  await sql`delete from refresh_token`.execute(db);
  await sql`update backup_plan set restored_from = ${madeAt}`.execute(db);
}
