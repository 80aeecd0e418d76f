/**
 * Fills an empty data directory and an empty database from a backup. The file is read to its end and checked before
 * anything is written. A restore that was interrupted leaves a mark, and is run again; until then no gateway starts.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { freeBytesOf } from '../database/room.ts';
import { syncFolder } from '../ports/blobs/file-bytes.ts';
import { BackupRefused, openBackup, type Entry } from './backup-file.ts';
import { MANIFEST, manifestOf, PLACES, type BackedUp, type Manifest } from './backup-entries.ts';
import { fillTables, type CopiedTable } from '../database/copy-tables.ts';

/** A file in the data directory while it is being filled. */
const MARK = 'restoring';
/** Indexes, and the log of the database, take about as much again as the rows. */
const ROOM_FACTOR = 3;
/** Why nothing was restored, apart from the file itself. */
export class RestoreRefused extends Error {
  readonly because: 'not-empty' | 'in-use' | 'too-little-room';

  constructor(because: RestoreRefused['because'], said: string) {
    super(said);
    this.name = 'RestoreRefused';
    this.because = because;
  }
}

export type RestorePlace = Pick<BackedUp, 'dataDir' | 'blobs'> & {
  /** The database lies in the data directory. */
  readonly holdsDatabase: boolean;
  /** Replaceable in tests. */
  readonly freeBytes?: (folder: string) => Promise<number>;
  /** @throws where this version does not know one of the migrations. */
  requireKnown(rungs: readonly string[]): void;
  /**
   * Opens the database, with the schema of these migrations and no other, and marks it with the id of this restore.
   * @throws RestoreRefused where it holds rows of anybody, unless it bears this mark, or a gateway works on it.
   */
  withDatabase<T>(
    rungs: readonly string[],
    mark: string,
    fill: (database: EmptyDatabase) => Promise<T>,
  ): Promise<T>;
};

type EmptyDatabase = {
  readonly url: string;
  /** After its tables were filled: the next start settles what came since (settle-restore.ts). */
  finish(madeAt: string): Promise<void>;
};

export type Restored = Pick<Manifest, 'version' | 'madeAt'> & {
  readonly tables: number;
  readonly files: number;
  readonly bytes: number;
};

/** `rowBytes`: those of `bytes` that are rows. */
type Checked = { readonly manifest: Manifest; readonly bytes: number; readonly rowBytes: number };

const read = (path: string, identity: string): AsyncGenerator<Entry> =>
  openBackup(Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>, identity);

/** Reads the whole file. @throws BackupRefused. */
export async function checkBackup(path: string, identity: string): Promise<Checked> {
  let manifest: Manifest | null = null;
  let bytes = 0;
  let rowBytes = 0;
  for await (const entry of read(path, identity)) {
    manifest ??= manifestOf(entry);
    bytes += entry.bytes.length;
    if (entry.name.startsWith('tables/')) rowBytes += entry.bytes.length;
  }
  if (manifest === null) throw new BackupRefused('foreign');
  return { manifest, bytes, rowBytes };
}

/** @throws BackupRefused, RestoreRefused, and what the disk and the database throw. */
export async function restoreBackup(path: string, identity: string, place: RestorePlace): Promise<Restored> {
  const { manifest, bytes, rowBytes } = await checkBackup(path, identity);
  place.requireKnown(manifest.rungs);
  await requireEmpty(place);
  const made = await mkdir(place.dataDir, { recursive: true, mode: 0o700 });
  await removeLeftovers(place);
  const needed = bytes - rowBytes + (place.holdsDatabase ? rowBytes * ROOM_FACTOR : 0);
  const { freeBytes = freeBytesOf } = place;
  if ((await freeBytes(place.dataDir)) < needed) {
    if (made !== undefined) await rmdir(place.dataDir);
    throw new RestoreRefused('too-little-room', `${needed} bytes are needed in ${place.dataDir}`);
  }
  const mark = await takeMark(place);
  const entries = openTurns(read(path, identity));
  await entries.next(MANIFEST);
  const { version, madeAt, rungs, tables } = manifest;
  let hasBegun = false;
  try {
    return await place.withDatabase(rungs, mark.id, async ({ url, finish }) => {
      hasBegun = true;
      const keys = await writeFiles(entries, place);
      await fillTables(url, tables, (table) => rowsIn(entries, table));
      const files = keys + (await writeFiles(entries, place));
      await finish(madeAt);
      await rm(join(place.dataDir, MARK));
      await syncFolder(place.dataDir);
      return { version, madeAt, tables: tables.length, files, bytes };
    });
  } catch (error) {
    // What the database left in the folder is replaced by the next try, which the mark allows.
    if (!hasBegun && mark.isNew && (await readdir(place.dataDir)).length === 1)
      await rm(join(place.dataDir, MARK));
    throw error;
  }
}

/** A restore into the data directory was interrupted: what is there is not whole. */
export class HalfRestored extends Error {
  constructor(dataDir: string) {
    super(
      `A restore into ${dataDir} was interrupted, so its data are not whole. Run relay restore again; it replaces them.`,
    );
    this.name = 'HalfRestored';
  }
}

/** Whether a restore into this directory was interrupted. */
export const isHalfRestored = (dataDir: string): Promise<boolean> =>
  stat(join(dataDir, MARK)).then(
    () => true,
    () => false,
  );

/** Of a restore that began: its id, and the folder of parcels that it fills. */
type Mark = { readonly id: string; readonly blobs: string };

async function readMark(dataDir: string): Promise<Mark | null> {
  const text = await readFile(join(dataDir, MARK), 'utf8').catch(() => null);
  if (text === null) return null;
  const [id = '', blobs = ''] = text.split('\n');
  return { id, blobs };
}

/** The mark of this restore, or of the interrupted one that it repeats. */
async function takeMark({ dataDir, blobs }: RestorePlace): Promise<Mark & { readonly isNew: boolean }> {
  const known = await readMark(dataDir);
  const mark = { id: known?.id || randomUUID(), blobs };
  await writeFile(join(dataDir, MARK), Buffer.from(`${mark.id}\n${blobs}`));
  return { ...mark, isNew: known === null };
}

/** The parcels may lie elsewhere. */
async function requireEmpty({ dataDir, blobs }: RestorePlace): Promise<void> {
  const found = await readdir(dataDir).catch((): string[] => []);
  const begun = await readMark(dataDir);
  if (begun?.blobs === blobs) return;
  // A mount point has one of its own.
  const isThere = begun === null && found.some((name) => name !== 'lost+found');
  if (isThere || (await readdir(blobs).catch((): string[] => [])).length > 0)
    throw new RestoreRefused('not-empty', `${isThere ? dataDir : blobs} is not empty`);
}

/** Of an interrupted restore, perhaps from another backup. */
async function removeLeftovers({ dataDir, blobs }: RestorePlace): Promise<void> {
  if (!(await isHalfRestored(dataDir))) return;
  const folders = new Set([...PLACES].map((name) => name.split('/')[0]!));
  folders.delete('blobs');
  for (const folder of folders) await rm(join(dataDir, folder), { recursive: true, force: true });
  for (const name of await readdir(blobs).catch((): string[] => []))
    await rm(join(blobs, name), { force: true });
}

/** Entries one after the other, of which the next is looked at before it is taken. */
type Turns = {
  /** The next entry if its name begins so; null: it is another one, or there is none. */
  next(prefix: string): Promise<Entry | null>;
  /** The next entry unless its name begins so. */
  nextBut(prefix: string): Promise<Entry | null>;
};

function openTurns(entries: AsyncGenerator<Entry>): Turns {
  let ahead: Entry | null | undefined;
  const take = async (isWanted: (name: string) => boolean): Promise<Entry | null> => {
    if (ahead === undefined) {
      const { value, done } = await entries.next();
      ahead = done === true ? null : value;
    }
    const entry = ahead;
    if (entry === null || !isWanted(entry.name)) return null;
    ahead = undefined;
    return entry;
  };
  return {
    next: (prefix) => take((name) => name.startsWith(prefix)),
    nextBut: (prefix) => take((name) => !name.startsWith(prefix)),
  };
}

async function* rowsIn(entries: Turns, { name }: CopiedTable): AsyncGenerator<Uint8Array> {
  for (;;) {
    const entry = await entries.next(`tables/${name}/`);
    if (entry === null) return;
    yield entry.bytes;
  }
}

/** Writes files until rows come, or nothing. Returns how many there were. */
async function writeFiles(entries: Turns, { dataDir, blobs }: RestorePlace): Promise<number> {
  const folders = new Set<string>();
  let count = 0;
  for (;;) {
    const first = await entries.nextBut('tables/');
    if (first === null) break;
    const name = dirname(first.name);
    if (!PLACES.has(dirname(name))) throw new BackupRefused('foreign');
    const path = name.startsWith('blobs/') ? join(blobs, name.slice('blobs/'.length)) : join(dataDir, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    folders.add(dirname(path));
    await using file = await open(path, 'w', 0o600);
    for (let piece: Entry | null = first; piece !== null; piece = await entries.next(`${name}/`))
      await file.writeFile(piece.bytes);
    await file.sync();
    count += 1;
  }
  for (const folder of folders) await syncFolder(folder);
  return count;
}

async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'w', 0o600);
  await file.writeFile(bytes);
  await file.sync();
}
