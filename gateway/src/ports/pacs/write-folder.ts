/**
 * Writes instances into a folder: each file whole under another name, synced, and only then put in its place. A file
 * that is there is never overwritten.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fileOf,
  hasCode,
  INCOMING,
  indexOf,
  isPlace,
  orNull,
  OWN,
  PLACES,
  shelfOf,
} from './folder-places.ts';
import { hashAll } from './multipart.ts';
import { PacsUnreachable, type FoundInstance, type InstanceToStore, type StoreAnswer } from './pacs.ts';
import { provenBytes } from './proven-bytes.ts';

/** A file that a killed gateway was writing. Far longer than any instance takes. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** PS3.4 Table B.2-1 and PS3.7 Annex C: the Failure Reasons that a folder has. */
const INVALID_INSTANCE = 0x0117;
const DUPLICATE_INSTANCE = 0x0111;

export async function requireRoom(folder: string, freeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < freeBytes) throw new PacsUnreachable('the disk is full', null, 'ENOSPC');
}

export async function storeInstances(
  folder: string,
  studyInstanceUID: string,
  instances: readonly InstanceToStore[],
  signal: AbortSignal,
): Promise<readonly StoreAnswer[]> {
  await mkdir(join(folder, INCOMING), { recursive: true });
  const touched = new Set<string>();
  const answers: StoreAnswer[] = [];
  for (const instance of instances) {
    signal.throwIfAborted();
    const { seriesInstanceUID, sopInstanceUID } = instance;
    const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID };
    if (!isPlace(where)) answers.push({ sopInstanceUID, outcome: 'refused', pacsCode: INVALID_INSTANCE });
    else answers.push(await storeOne(folder, { where, instance, touched }, signal));
  }
  // A new name is safe from a power cut once its folder is synced.
  for (const each of touched) await syncFolder(each);
  return answers;
}

type Storing = {
  readonly where: FoundInstance;
  readonly instance: InstanceToStore;
  /** Folders in which there is a new name. */
  readonly touched: Set<string>;
};

async function storeOne(
  folder: string,
  { where, instance, touched }: Storing,
  signal: AbortSignal,
): Promise<StoreAnswer> {
  const { sopInstanceUID } = instance;
  const temporary = join(folder, INCOMING, randomUUID());
  try {
    await writeWhole(temporary, instance, signal);
    // Once for a request: its first file tells the time there.
    if (touched.size === 0) await removeAbandoned(join(folder, INCOMING), temporary);
    const study = join(folder, where.studyInstanceUID);
    const series = join(study, where.seriesInstanceUID);
    const shelf = shelfOf(folder, sopInstanceUID);
    await mkdir(series, { recursive: true });
    await mkdir(shelf, { recursive: true });
    // Before the instance: a place without an instance is passed over, an instance without a place is not found.
    await writeFile(indexOf(folder, where), instance.sopClassUID, { mode: 0o640 });
    const parents = [folder, join(folder, OWN), join(folder, PLACES)];
    for (const each of [...parents, study, series, shelf]) touched.add(each);
    const file = fileOf(folder, where);
    const isPut = await putInPlace(temporary, file);
    const isOurs = isPut || (await digestOf(file, instance.bytes)) === instance.digest;
    return isOurs
      ? { sopInstanceUID, outcome: 'stored', pacsCode: null }
      : { sopInstanceUID, outcome: 'refused', pacsCode: DUPLICATE_INSTANCE };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeWhole(path: string, instance: InstanceToStore, signal: AbortSignal): Promise<void> {
  const handle = await open(path, 'wx', 0o640);
  try {
    for await (const piece of provenBytes(instance, signal)) await handle.appendFile(piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** By the clock of whoever keeps the files: `fresh` has just been written there. */
async function removeAbandoned(incoming: string, fresh: string): Promise<void> {
  const names = await readdir(incoming);
  if (names.length === 1) return;
  const { mtimeMs: now } = await stat(fresh);
  for (const path of names.map((name) => join(incoming, name))) {
    const file = await orNull(stat(path));
    if (file !== null && now - file.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
}

/** A file system without hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/**
 * False: something is there, and it stays. A rename would replace what another gateway put there in the same moment,
 * so it is only for file systems that have nothing else.
 */
export async function putInPlace(from: string, to: string, give = link): Promise<boolean> {
  try {
    await give(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    if (!hasCode(error, ...NO_LINKS)) throw error;
    if ((await orNull(stat(to))) !== null) return false;
    await rename(from, to);
    return true;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (error) {
    // fsync(2): "EINVAL: fd is bound to a special file which does not support synchronization", as some shares are.
    if (!hasCode(error, 'EINVAL')) throw error;
  } finally {
    await handle.close();
  }
}

async function digestOf(path: string, bytes: number): Promise<string | null> {
  const handle = await orNull(open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  if (handle === null) return null;
  const pieces = handle.createReadStream({ autoClose: false, start: 0 });
  return (await hashAll(pieces, bytes).finally(() => handle.close())).digest;
}
