/**
 * Writes instances into a folder: each file is written completely under another name, synced, and only then put in its
 * place. An existing file is never overwritten.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { fileOf, INCOMING, indexOf, isPlace } from './folder-places.ts';
import { hashAll } from './multipart.ts';
import { hasCode, type OpenFolder, orNull, type Place } from './open-folder.ts';
import { PacsUnreachable, type FoundInstance, type InstanceToStore, type StoreAnswer } from './pacs.ts';
import { provenBytes } from './proven-bytes.ts';

/**
 * The age after which a temporary file counts as left behind by a killed gateway. Far longer than writing any instance
 * takes.
 */
const ABANDONED_MS = 24 * 60 * 60 * 1000;
const OUR_NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/**
 * How many names are checked: far more than all gateways write at a time. Others may have put any number of files
 * there.
 */
const LOOKED_AT = 1_000;

/** PS3.4 Table B.2-1 and PS3.7 Annex C: the Failure Reasons that a folder uses. */
const INVALID_INSTANCE = 0x0117;
const DUPLICATE_INSTANCE = 0x0111;

export async function requireRoom(top: OpenFolder, freeBytes: number): Promise<void> {
  const { bavail, bsize } = await top.room();
  if (bavail * bsize < freeBytes) throw new PacsUnreachable('the disk is full', null, 'ENOSPC');
}

export async function storeInstances(
  top: OpenFolder,
  studyInstanceUID: string,
  instances: readonly InstanceToStore[],
  signal: AbortSignal,
): Promise<readonly StoreAnswer[]> {
  await top.folder(INCOMING, true);
  const touched = new Map<string, Place>();
  const answers: StoreAnswer[] = [];
  for (const instance of instances) {
    signal.throwIfAborted();
    const { seriesInstanceUID, sopInstanceUID } = instance;
    const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID };
    if (!isPlace(where)) answers.push({ sopInstanceUID, outcome: 'refused', pacsCode: INVALID_INSTANCE });
    else answers.push(await storeOne(top, { where, instance, touched }, signal));
  }
  // A new name survives a power cut only once its folder is synced.
  for (const place of touched.values()) await top.sync(place);
  return answers;
}

type Storing = {
  readonly where: FoundInstance;
  readonly instance: InstanceToStore;
  /** Folders that have new names. */
  readonly touched: Map<string, Place>;
};

async function storeOne(
  top: OpenFolder,
  { where, instance, touched }: Storing,
  signal: AbortSignal,
): Promise<StoreAnswer> {
  const { sopInstanceUID } = instance;
  const temporary = [...INCOMING, randomUUID()];
  try {
    await writeWhole(top, temporary, provenBytes(instance, signal));
    // Once per request: the time there is read from its first file.
    if (touched.size === 0) await removeAbandoned(top, temporary);
    const file = fileOf(where);
    const entry = indexOf(where);
    for (const folder of [file.slice(0, -1), entry.slice(0, -1)]) {
      await top.folder(folder, true);
      for (const place of wayTo(folder)) touched.set(place.join('/'), place);
    }
    // Written before the instance: a place without an instance is skipped, but an instance without a place is not
    // found.
    await writeEntry(top, entry, instance.sopClassUID);
    const isPut = await putInPlace(top, temporary, file);
    const isOurs = isPut || (await digestOf(top, file, instance.bytes)) === instance.digest;
    return isOurs
      ? { sopInstanceUID, outcome: 'stored', pacsCode: null }
      : { sopInstanceUID, outcome: 'refused', pacsCode: DUPLICATE_INSTANCE };
  } finally {
    await top.unlink(temporary);
  }
}

/** The folder and those above it; the top comes last. */
const wayTo = (folder: Place): readonly Place[] => [...folder, ''].map((_, depth) => folder.slice(0, depth));

async function writeWhole(top: OpenFolder, place: Place, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await top.create(place);
  if (file === null) throw new Error('a random name is taken');
  for await (const piece of pieces) await file.appendFile(piece);
  await file.sync();
}

const NEW = { size: 0, nlink: 1 };

/**
 * An existing entry stays, unless a power cut left it empty. A file that also has a name elsewhere is not ours, and
 * stays too.
 */
async function writeEntry(top: OpenFolder, place: Place, sopClassUID: string): Promise<void> {
  const made = await top.create(place);
  await using entry = made ?? (await top.openFile(place, constants.O_RDWR));
  const { size, nlink } = made === null ? await entry.stat() : NEW;
  if (size === 0 && nlink === 1) await entry.writeFile(sopClassUID);
}

/**
 * Removes old regular files with names like the gateway's. Their age is measured by the clock of the file server:
 * `fresh` has just been written there. A file that also has a name elsewhere keeps that name.
 */
async function removeAbandoned(top: OpenFolder, fresh: Place): Promise<void> {
  const now = (await top.look(fresh))?.mtimeMs ?? 0;
  let looked = 0;
  for await (const { name } of top.entries(INCOMING)) {
    looked += 1;
    if (looked > LOOKED_AT) return;
    const place = [...INCOMING, name];
    const file = OUR_NAME.test(name) ? await top.look(place) : null;
    if (file?.isFile() && now - file.mtimeMs > ABANDONED_MS) await top.unlink(place);
  }
}

/** Error codes of a file system without hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/**
 * False: the name is taken, and what has it stays. A rename would replace what another gateway put there at the same
 * moment, so it is used only on file systems without hard links.
 */
export async function putInPlace(
  top: OpenFolder,
  from: Place,
  to: Place,
  give = () => top.link(from, to),
): Promise<boolean> {
  try {
    await give();
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    if (!hasCode(error, ...NO_LINKS)) throw error;
    if ((await top.look(to)) !== null) return false;
    await top.rename(from, to);
    return true;
  }
}

async function digestOf(top: OpenFolder, place: Place, bytes: number): Promise<string | null> {
  await using file = await orNull(top.openFile(place));
  return file && (await hashAll(file.createReadStream({ autoClose: false, start: 0 }), bytes)).digest;
}
