/**
 * What a backup holds: the rows of all tables as of one instant; the gateway's keys, and those of cases, orders and
 * files; models that were added; heads of the audit trail; and bytes that only the gateway has, which are those of
 * senders without a queue of their own. Devices send what the PACS does not hold again, so their parcels and the keys
 * of their studies are left out: no backup opens them.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { z } from 'zod';
import { hasCode } from '../ports/blobs/file-bytes.ts';
import { BackupRefused, PIECE_BYTES, type Entry } from './backup-file.ts';
import { holdFiles, namesIn, readHeld, type HeldFiles } from './held-files.ts';
import { copyOut, hasQueue, listTables, openInstant, waitingJobs } from '../database/copy-tables.ts';

export const MANIFEST = 'manifest.json';

const NAME = z
  .string()
  .max(63)
  .regex(/^[a-z_][a-z0-9_]*$/);

/** `version`: of the RelayPACS that wrote it. `rungs`: the names of the migrations that its schema went through. */
const manifestSchema = z.object({
  format: z.literal(1),
  version: z.string().max(64),
  rungs: z.array(z.string().max(100)).min(1).max(1000).readonly(),
  madeAt: z.iso.datetime(),
  tables: z
    .array(z.object({ name: NAME, columns: z.array(NAME).min(1).max(500).readonly() }).readonly())
    .max(500)
    .readonly(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The first entry of a backup. @throws BackupRefused where it is another. */
export function manifestOf({ name, bytes }: Entry): Manifest {
  if (name !== MANIFEST) throw new BackupRefused('foreign');
  try {
    return manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (error) {
    throw new BackupRefused('foreign', error);
  }
}

/** Where the gateway keeps what a backup holds. `blobs`: the folder of parcels. */
export type BackedUp = { readonly url: string; readonly dataDir: string; readonly blobs: string };

/** Folders of the data directory whose files are copied as they are. */
const FOLDERS = ['keys', 'keys/cases', 'keys/orders', 'audit', 'models'] as const;
/** Files that may be removed at any time, and the halves of their keys, which are destroyed in place. */
const PASSING = ['files', 'inputs'] as const;
const PASSING_KEYS = ['keys/files', 'keys/inputs', 'keys/studies'] as const;
/** The folders whose files a backup may have, in the data directory; `blobs` is the folder of parcels. */
export const PLACES: ReadonlySet<string> = new Set([...FOLDERS, ...PASSING, ...PASSING_KEYS, 'blobs']);

export async function* backupEntries(
  of: BackedUp,
  { version, now }: { readonly version: string; readonly now: Date },
): AsyncGenerator<Entry> {
  await using still = await standStill(of);
  const { client } = still;
  const tables = await listTables(client);
  const { rows } = await client.query<{ name: string }>('select name from kysely_migration order by name');
  const rungs = rows.map(({ name }) => name);
  const manifest: Manifest = { format: 1, version, rungs, madeAt: now.toISOString(), tables };
  yield { name: MANIFEST, bytes: Buffer.from(JSON.stringify(manifest)) };
  for (const { name, bytes } of still.keys) yield* inPieces(name, [bytes]);
  const jobs = (await hasQueue(client)) ? waitingJobs : undefined;
  for (const table of tables)
    yield* inPieces(
      `tables/${table.name}`,
      copyOut(client, table, table.name === 'carried_job' ? jobs : undefined),
    );
  await still.end();
  for (const folder of FOLDERS) yield* filesIn({ folder: join(of.dataDir, folder) }, folder);
  for (const [folder, files] of still.passing) yield* filesIn(files, folder);
}

type Still = AsyncDisposable & {
  readonly client: pg.Client;
  readonly passing: readonly (readonly [string, HeldFiles])[];
  readonly keys: readonly Entry[];
  /** Ends the transaction, which keeps the database from tidying up. */
  end(): Promise<void>;
};

/** Instants that are tried, until one has all the bytes that its rows name. */
const TRIES = 20;

/**
 * The database at one instant, with the passing files and keys as they were then. What was removed meanwhile has gone
 * to rows that are newer than the instant, so then another instant is tried. What is missing twice was lost long ago.
 */
async function standStill(of: BackedUp): Promise<Still> {
  let lost: ReadonlySet<string> = new Set();
  for (let tried = 1; tried <= TRIES; tried += 1) {
    const found = await tryStill(of, lost);
    if (!(found instanceof Set)) return found;
    lost = found;
  }
  throw new Error('files were removed faster than they could be held');
}

/** Returns what is missing where `lost` does not have all of it. */
async function tryStill(
  { url, dataDir, blobs }: BackedUp,
  lost: ReadonlySet<string>,
): Promise<Still | Set<string>> {
  await using all = new AsyncDisposableStack();
  const { client, end } = all.use(await openInstant(url));
  const wanted = await bytesOfOthers(client);
  const passing: (readonly [string, HeldFiles])[] = [];
  for (const folder of PASSING) passing.push([folder, all.use(await holdFiles(join(dataDir, folder)))]);
  const named = wanted.blobs.flatMap((id) => [id, `${id}.tags`, `${id}.key`]);
  const held = all.use(await holdFiles(blobs, named));
  passing.push(['blobs', held]);
  const keys: Entry[] = [];
  for (const folder of PASSING_KEYS)
    for (const name of folder === 'keys/studies' ? wanted.keys : await namesIn(join(dataDir, folder))) {
      const bytes = await readIfThere(join(dataDir, folder, name));
      // One that is being destroyed is overwritten first.
      if (bytes?.some((byte) => byte !== 0)) keys.push({ name: `${folder}/${name}`, bytes });
    }
  const there = new Set([
    ...(await namesIn(held.folder)),
    ...(await namesIn(passing[0]![1].folder)),
    ...keys.map(({ name }) => name),
  ]);
  const needed = [
    ...wanted.blobs,
    ...wanted.keys.map((name) => `keys/studies/${name}`),
    ...wanted.files.flatMap(({ id, key }) => [id, `keys/files/${key}`]),
  ];
  const missing = needed.filter((name) => !there.has(name));
  if (missing.some((name) => !lost.has(name))) return new Set(missing);
  const kept = all.move();
  return { client, passing, keys, end, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

type OfOthers = {
  readonly blobs: readonly string[];
  /** Names of the files with halves of their studies' keys. */
  readonly keys: readonly string[];
  readonly files: readonly { readonly id: string; readonly key: string }[];
};

/**
 * Bytes that only the gateway has: parcels that senders without a queue have brought, their instances that are not
 * proven to be in the PACS, and files that came as they lay on a disk.
 */
async function bytesOfOthers(client: pg.ClientBase): Promise<OfOthers> {
  const { rows } = await client.query<{ blob: string; key: string }>(
    `select distinct coalesce(instance.restored, parcel.id) as blob,
       encode(substr(study.wrapped_key, 1, 16), 'hex') as key
     from parcel join upload on upload.id = parcel.upload_id join study on study.id = parcel.study_id
       left join instance on instance.parcel_id = parcel.id
         and instance.state in ('received', 'posting', 'posted', 'quarantined')
     where upload.device_id is null and study.wrapped_key is not null
       and (parcel.state = 'received' or instance.id is not null)`,
  );
  const { rows: files } = await client.query<{ id: string; key: string }>(
    `select id::text, encode(substr(wrapped_key, 1, 16), 'hex') as key from sent_file
     where state = 'received' and wrapped_key is not null`,
  );
  const each = (what: 'blob' | 'key') => [...new Set(rows.map((row) => row[what]))];
  return { blobs: each('blob'), keys: each('key'), files };
}

/** At least one piece, so that an empty file is there too. */
async function* inPieces(
  name: string,
  source: AsyncIterable<Uint8Array> | readonly Uint8Array[],
): AsyncGenerator<Entry> {
  let nth = 0;
  let gathered: Uint8Array[] = [];
  let size = 0;
  const piece = (): Entry => {
    const bytes = Buffer.concat(gathered);
    gathered = [];
    size = 0;
    nth += 1;
    return { name: `${name}/${`${nth}`.padStart(6, '0')}`, bytes };
  };
  for await (const bytes of source)
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + PIECE_BYTES - size);
      gathered.push(part);
      size += part.length;
      at += part.length;
      if (size === PIECE_BYTES) yield piece();
    }
  if (size > 0 || nth === 0) yield piece();
}

/** `names`: by default all that are there. A file that is gone meanwhile is no longer needed. */
async function* filesIn(files: HeldFiles, as: string, names?: readonly string[]): AsyncGenerator<Entry> {
  for (const name of names ?? (await namesIn(files.folder))) {
    const bytes = await readHeld(files, name);
    if (bytes !== null) yield* inPieces(`${as}/${name}`, bytes);
  }
}
