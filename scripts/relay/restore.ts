/**
 * `relay restore FILE`: fills an empty data directory and an empty database from a backup, on the machine of a gateway
 * that has not started yet. Exit 0: restored; 1: refused, and nothing was changed.
 */
import { readFile } from 'node:fs/promises';
import type { Outcome } from '../../gateway/src/backup/restore-here.ts';
import { parseArguments, printable, UsageError } from './arguments.ts';
import type { Surroundings } from './command.ts';

type Of<K extends Outcome['kind']> = Extract<Outcome, { readonly kind: K }>;

const IDENTITY = /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/;

const FAULTS: Record<Of<'unusable'>['because'], string> = {
  damaged: 'The file is damaged. Nothing was changed. Use another backup.',
  truncated: 'The file ends too early. Nothing was changed. Copy it again, or use another backup.',
  'wrong-key':
    'The key does not open this file. Nothing was changed. Use the key that was shown when backups began.',
  foreign: 'The file is no backup of RelayPACS. Nothing was changed.',
};

const REFUSED: Record<Of<'refused'>['because'], (said: string) => string> = {
  'not-empty': (said) =>
    `A backup is restored only where nothing is: ${said}. Nothing was changed. Use another RELAY_DATA_DIR and database.`,
  'in-use': (said) => `Nothing was changed: ${said}. Stop it, or use another database.`,
  'too-little-room': (said) => `The disk has too little room: ${said}. Nothing was changed.`,
};

export async function restore(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: ['key'], flags: ['json'] });
  const [path, ...more] = options.rest;
  if (path === undefined || more.length > 0) throw new UsageError('name one backup');
  const identity = await identityOf(options.value('key'), around);
  const { restoreHere } = await import('../../gateway/src/backup/restore-here.ts');
  const { readPlaces } = await import('../../gateway/src/config.ts');
  const { database, dataDir, blobs } = readPlaces(around.env);
  const outcome = await restoreHere(path, identity, { database, dataDir, blobs: blobs.path });
  if (outcome.kind === 'unusable') around.say(FAULTS[outcome.because]);
  else if (outcome.kind === 'refused') around.say(REFUSED[outcome.because](outcome.said));
  else if (options.flag('json')) around.print(JSON.stringify(outcome.restored, null, 2));
  else around.print(said(outcome.restored, dataDir));
  return outcome.kind === 'restored' ? 0 : 1;
}

/** From the file that `--key` names, else from RELAY_BACKUP_KEY. */
async function identityOf(path: string | null, { env }: Surroundings): Promise<string> {
  const text = path === null ? (env['RELAY_BACKUP_KEY'] ?? '') : await readFile(path, 'utf8');
  const [identity] = IDENTITY.exec(text) ?? [];
  if (identity === undefined)
    throw new UsageError(
      'the key of the backup (AGE-SECRET-KEY-1…) is in the file of --key, or in RELAY_BACKUP_KEY',
    );
  return identity;
}

const said = (
  { version, madeAt, tables, files, bytes }: Of<'restored'>['restored'],
  dataDir: string,
): string =>
  [
    `Restored the backup of ${madeAt} (RelayPACS ${version}) to ${printable(dataDir)}: ${tables} tables, ${files} files, ${bytes} bytes.`,
    'Start RelayPACS. Everybody signs in again; devices send again what the PACS does not hold.',
    'What was changed since the backup is as it was then: look through accounts, API keys and devices that were ended.',
  ].join('\n');
