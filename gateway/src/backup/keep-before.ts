/**
 * The backup before an upgrade. It lies where backups do, and opens with the site's key for backups. Until a site has
 * one, it opens with a key that lies in `keys`, because nobody has asked for anything yet.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { Config } from '../config.ts';
import type { Upgrade } from '../database/database.ts';
import { writeSecret } from '../keys.ts';
import type { Log } from '../observability/log.ts';
import type { BackedUp } from './backup-entries.ts';
import { LEFT_FREE_BYTES, NoRoomForBackup, writeBackup, type Written } from './write-backup.ts';

/** There is no room for the backup. Nothing was changed. */
export class NoRoomToKeep extends Error {}

/** `keys/backup-recipient.txt`: the site's public key. `keys/backup-identity.txt`: the secret one of a site without. */
async function recipientOf(keys: string): Promise<string> {
  const known = join(keys, 'backup-recipient.txt');
  if (existsSync(known)) return (await readFile(known, 'utf8')).trim();
  const path = join(keys, 'backup-identity.txt');
  if (!existsSync(path)) {
    await mkdir(keys, { recursive: true, mode: 0o700 });
    writeSecret(path, `${await generateX25519Identity()}\n`);
  }
  return identityToRecipient((await readFile(path, 'utf8')).trim());
}

/** `from`, `to`: the versions before and after. @throws NoRoomToKeep, and what writing throws. */
export async function keepBefore(
  of: BackedUp,
  asked: { readonly from: string; readonly to: string; readonly now: Date; readonly folder: string },
): Promise<Written> {
  const { from, to, now, folder } = asked;
  try {
    return await writeBackup(of, {
      ...{ version: from, now, folder },
      // One for each upgrade: a start that fails again and again replaces it.
      name: `before-${to}-from-${from}.age`,
      recipients: [await recipientOf(join(of.dataDir, 'keys'))],
    });
  } catch (error) {
    if (!(error instanceof NoRoomForBackup)) throw error;
    throw new NoRoomToKeep(
      [
        `RelayPACS ${to} keeps a backup before it changes the database of RelayPACS ${from}.`,
        `There is no room for it in ${folder}, where ${LEFT_FREE_BYTES / 1024 ** 2} MB have to stay free.`,
        'Nothing was changed. Make room or set RELAY_BACKUP_DIR, and start again.',
      ].join(' '),
    );
  }
}

/** `begin`: tells the steps of the start that take long. */
type Starting = {
  readonly begin: (step: 'keeping a backup before it changes its database' | 'changing its database') => void;
  readonly now: () => Date;
} & Pick<Config, 'dataDir' | 'backupDir'> & {
    readonly blobs: { readonly path: string };
    readonly log: Log;
  };

/** What the database does where this version changes its schema. */
export const upgradeOf = (version: string, { begin, now, log, ...config }: Starting): Upgrade => ({
  version,
  async keep(url, from) {
    begin('keeping a backup before it changes its database');
    const of = { url, dataDir: config.dataDir, blobs: config.blobs.path };
    const { bytes } = await keepBefore(of, { from, to: version, now: now(), folder: config.backupDir });
    log({ event: 'backup-kept', from, to: version, bytes });
    begin('changing its database');
  },
  tell: (name, nth, count) => log({ event: 'schema-climbs', name, nth, count }),
});
