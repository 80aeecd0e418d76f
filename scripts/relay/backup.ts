/**
 * `relay backup FILE|DIR`: has the gateway make a backup, and fetches it. The first one needs a key: it is made here,
 * printed once, and only its public half goes to the gateway. Exit 0: the file is there; 1: none could be made.
 */
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as after } from 'node:timers/promises';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { backupsSchema, type Backups } from '#shared/protocol/backups.ts';
import { problemOf } from '../../client/src/net/api-client.ts';
import { parseArguments, printable, UsageError } from './arguments.ts';
import type { Surroundings } from './command.ts';
import { connect, CONNECTION_OPTIONS, type Connection } from './connect.ts';

const PATH = '/admin/backups';
const LOOK_MS = 500;

const TROUBLES: Record<NonNullable<Backups['trouble']>['because'], string> = {
  'no-room': 'The gateway has too little room for a backup. Make room on its disk, or set RELAY_BACKUP_DIR.',
  failed: 'The gateway could not make a backup. Its log says why.',
};

export async function backup(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS], flags: ['json'] });
  const [place, ...more] = options.rest;
  if (place === undefined || more.length > 0) throw new UsageError('name one file or folder');
  const connection = await connect(options, around);
  const key = await begin(connection, options.flag('json'), around);
  const name = await make(connection, around);
  if (name === null) return 1;
  const path = (await isFolder(place)) ? join(place, name) : place;
  const bytes = await fetchTo(path, name, connection, around);
  if (options.flag('json')) around.print(JSON.stringify({ path, bytes, ...(key && { key }) }, null, 2));
  else around.print(`${printable(path)}: ${bytes} bytes, read back whole.`);
  return 0;
}

/**
 * The key if it was made now; null: there is one already. It is shown before the gateway seals anything for it,
 * whatever happens afterwards.
 */
async function begin({ api }: Connection, isJson: boolean, around: Surroundings): Promise<string | null> {
  const { signal, env } = around;
  const { plan } = await api.json(PATH, backupsSchema, { signal });
  if (plan.recipient !== null) return null;
  const password = env.RELAY_PASSWORD;
  if (!password)
    throw new UsageError(
      'the first backup makes a key: RELAY_PASSWORD must hold the password of the administrator',
    );
  const key = await generateX25519Identity();
  const recipient = await identityToRecipient(key);
  const shown = [
    `The key of the backups, shown this once: ${key}`,
    'Keep it apart from the backups: without it nobody can open them.',
  ].join('\n');
  (isJson ? around.say : around.print)(shown);
  const response = await api.send(PATH, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...plan, recipient, password, replaces: null }),
    signal,
  });
  if (!response.ok) throw await problemOf(response);
  return key;
}

/** The name of the new backup; null: none was made, and why was said. */
async function make({ api }: Connection, { signal, say }: Surroundings): Promise<string | null> {
  const before = await api.json(PATH, backupsSchema, { signal });
  const known = new Set(before.backups.map(({ name }) => name));
  const response = await api.send(PATH, { method: 'POST', signal });
  if (!response.ok) throw await problemOf(response);
  for (let ended = 0; ; ) {
    const { backups, trouble, isUnderWay } = await api.json(PATH, backupsSchema, { signal });
    const made = backups.find(({ name }) => !known.has(name));
    if (made !== undefined) return made.name;
    // Its end is told before its file is listed.
    ended = isUnderWay ? 0 : ended + 1;
    if (ended > 1) {
      const isNew = trouble !== null && trouble.at !== before.trouble?.at;
      say(TROUBLES[isNew ? trouble.because : 'failed']);
      return null;
    }
    await after(LOOK_MS, undefined, { signal });
  }
}

/** Returns how many bytes came; the file has its name only once all of them are on the disk. */
async function fetchTo(
  path: string,
  name: string,
  { api }: Connection,
  { signal }: Surroundings,
): Promise<number> {
  const response = await api.send(`${PATH}/${name}`, { method: 'GET', signal });
  if (!response.ok) throw await problemOf(response);
  const draft = `${path}.part`;
  try {
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(body, createWriteStream(draft, { mode: 0o600, flush: true }), { signal });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return (await stat(path)).size;
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
