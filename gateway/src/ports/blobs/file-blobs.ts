/**
 * Blobs as files of one folder. The cipher text is in a file named after the blob's id; the tags of its records are
 * beside it, in `<id>.tags`. For an adopted blob, `<id>.key` holds the key under which its bytes were written, sealed
 * by its own key. See blobs.ts for what is promised.
 */
import { createSecretKey } from 'node:crypto';
import {
  constants,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  statfs,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { giveBack } from '#shared/give-back.ts';
import { cipherAt, openKey, sealKey } from './blob-cipher.ts';
import { coveredBy, createRecordTags, ENTRY_BYTES, RECORD_BYTES } from './blob-records.ts';
import { BlobDamaged, StorageFull, type BlobKey, type Blobs, type HeldBlob } from './blobs.ts';
import { openBlob } from './open-blob.ts';
import { hasCode, readAt, writeAt } from './file-bytes.ts';
import { createBuffers, type Lend } from './lent-buffers.ts';

/** Bytes read at once. Below 256 KiB the system calls cost more than the disk. Each open stream holds this much. */
const PIECE_BYTES = 1024 * 1024;
/**
 * Bytes gathered before they are written, for the same reason but smaller: each upload holds this much, and there are
 * more uploads than streams. Whole records.
 */
const GATHERED_BYTES = 4 * RECORD_BYTES;

/** Ids become file names: only those that we make ourselves are accepted. */
const ID = /^[0-9a-z-]{1,64}$/;

function orFull(error: unknown): unknown {
  return hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT') ? new StorageFull(error) : error;
}

/** The two files of a blob. */
type Files = { readonly id: string; readonly bytes: FileHandle; readonly tags: FileHandle };

/** The files of the blobs in a folder. `withFiles` throws StorageFull where the disk is full. */
function filesIn(folder: string) {
  const pathOf = (id: string): string => {
    if (!ID.test(id)) throw new RangeError('not the id of a blob');
    return join(folder, id);
  };
  const openTags = (id: string, flags: number): Promise<FileHandle> =>
    open(`${pathOf(id)}.tags`, flags, 0o600);
  const withFiles = async <T>(id: string, use: (files: Files) => Promise<T>): Promise<T> => {
    const bytes = await open(pathOf(id), 'r+');
    try {
      const tags = await openTags(id, constants.O_RDWR | constants.O_CREAT);
      return await use({ id, bytes, tags }).finally(() => tags.close());
    } catch (error) {
      throw orFull(error);
    } finally {
      await bytes.close();
    }
  };
  return { pathOf, openTags, withFiles };
}

/** The folders of the open stores, between which files can be linked. */
const FOLDERS = new WeakMap<Blobs, string>();

/** The file is on another disk, or on one that has no hard links, or has as many links as it can have. */
const CANNOT_LINK = ['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'];

/** The bytes are linked last: a blob that has its name has all three files. */
async function adopt(folder: string, id: string, key: BlobKey, from: HeldBlob): Promise<boolean> {
  const source = FOLDERS.get(from.blobs);
  if (source === undefined) return false;
  const path = join(folder, id);
  try {
    await using sealed = await open(`${path}.key`, 'w', 0o600);
    await sealed.write(sealKey(key, from.key));
    await sealed.datasync();
    await link(join(source, `${from.id}.tags`), `${path}.tags`);
    await link(join(source, from.id), path);
    // New names survive a power cut only once their folder is on the disk too (fsync(2)).
    await using names = await open(folder, 'r');
    await names.sync();
    return true;
  } catch (error) {
    await removeFiles(path);
    if (CANNOT_LINK.some((code) => hasCode(error, code))) return false;
    throw orFull(error);
  }
}

/** The bytes are removed last: what a kill leaves behind still has the blob's name, and is removed with it. */
async function removeFiles(path: string): Promise<void> {
  await rm(`${path}.tags`, { force: true });
  await rm(`${path}.key`, { force: true });
  await rm(path, { force: true });
}

/** The key under which an adopted blob was written. Under any other key, none of its records is valid. */
async function keyAt(path: string, key: BlobKey): Promise<BlobKey> {
  try {
    return openKey(key, await readFile(`${path}.key`)) ?? key;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return key;
    throw error;
  }
}

/** Creates the folder (for this user only) if it does not exist. */
export async function openFileBlobs(folder: string): Promise<Blobs> {
  const lendPiece = createBuffers(PIECE_BYTES);
  const lendGathered = createBuffers(GATHERED_BYTES);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { pathOf, openTags, withFiles } = filesIn(folder);
  const blobs: Blobs = {
    async create(id) {
      const made = open(pathOf(id), 'a', 0o600).then((file) => file.close());
      await made.catch((error: unknown) => Promise.reject(orFull(error)));
    },
    size: (id) => sizeOf(pathOf(id), () => openTags(id, constants.O_RDONLY)),
    append: (id, key, at, pieces) =>
      withFiles(id, (files) => append(files, key, { at, pieces }, lendGathered)),
    truncate: (id, key, size) => withFiles(id, (files) => truncate(files, key, size)),
    async sync(id) {
      await withFiles(id, ({ bytes, tags }) => Promise.all([bytes.datasync(), tags.datasync()]));
      // A new name survives a power cut only once its folder is on the disk too (fsync(2)).
      const names = await open(folder, 'r');
      await names.sync().finally(() => names.close());
    },
    async open(id, key) {
      try {
        const bytes = await open(pathOf(id), 'r');
        try {
          const entries = await readEntries(() => openTags(id, constants.O_RDONLY));
          return await openBlob({ id, bytes, entries }, await keyAt(pathOf(id), key), lendPiece);
        } catch (error) {
          await bytes.close();
          throw error;
        }
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return null;
        throw error;
      }
    },
    adopt: (id, key, from) => adopt(folder, id, key, from),
    remove: (id) => removeFiles(pathOf(id)),
    ids: async () => (await readdir(folder)).filter((name) => ID.test(name)),
    async freeBytes() {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
  FOLDERS.set(blobs, folder);
  return blobs;
}

/** Without tags, no bytes are covered. */
async function readEntries(openTags: () => Promise<FileHandle>): Promise<Buffer> {
  try {
    const tags = await openTags();
    return await tags.readFile().finally(() => tags.close());
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return Buffer.alloc(0);
    throw error;
  }
}

/** The number of counted bytes: those that the tags cover, as far as they exist. Null: there is no such blob. */
async function sizeOf(path: string, openTags: () => Promise<FileHandle>): Promise<number | null> {
  try {
    const { size } = await stat(path);
    const tags = await openTags().catch((error: unknown) =>
      hasCode(error, 'ENOENT') ? null : Promise.reject(error),
    );
    if (tags === null) return 0;
    return Math.min(size, await coveredSize(tags).finally(() => tags.close()));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

async function coveredSize(tags: FileHandle): Promise<number> {
  const entries = Math.floor((await tags.stat()).size / ENTRY_BYTES);
  if (entries === 0) return 0;
  const last = await readAt(tags, Buffer.alloc(ENTRY_BYTES), (entries - 1) * ENTRY_BYTES);
  return (entries - 1) * RECORD_BYTES + coveredBy(last);
}

const recordOf = (offset: number): number => Math.floor(offset / RECORD_BYTES);

/**
 * Reads the bytes of the record that contains `end`, up to `end`, into `into`. Throws BlobDamaged where the record is
 * not what was written, because such a record must not get a new tag.
 */
async function readLastRecord(
  { id, bytes, tags }: Files,
  key: BlobKey,
  end: number,
  into: Buffer,
): Promise<number> {
  const record = recordOf(end);
  const start = record * RECORD_BYTES;
  if (end === start) return 0;
  const entry = await readAt(tags, Buffer.alloc(ENTRY_BYTES), record * ENTRY_BYTES);
  const held = await readAt(bytes, into.subarray(0, coveredBy(entry)), start);
  if (held.length < end - start || !createRecordTags(key).hold(record, held, entry))
    throw new BlobDamaged(id, start);
  return end - start;
}

type Appended = { readonly at: number; readonly pieces: AsyncIterable<Uint8Array> };

/** The bytes are written before the tags that cover them. */
async function append(files: Files, key: BlobKey, { at, pieces }: Appended, lend: Lend): Promise<number> {
  return lend(GATHERED_BYTES, async (buffer) => {
    const cipher = cipherAt(createSecretKey(key), at);
    const recordTags = createRecordTags(key);
    // The buffer starts at a record boundary; a record that is continued is read in first.
    let start = recordOf(at) * RECORD_BYTES;
    let filled = await readLastRecord(files, key, at, buffer);
    let written = filled;
    const flush = async (): Promise<void> => {
      if (filled === written) return;
      await writeAt(files.bytes, buffer.subarray(written, filled), start + written);
      const first = recordOf(written);
      const entries: Uint8Array[] = [];
      for (let nr = first; nr * RECORD_BYTES < filled; nr += 1) {
        const cipherText = buffer.subarray(nr * RECORD_BYTES, Math.min((nr + 1) * RECORD_BYTES, filled));
        entries.push(recordTags.make(recordOf(start) + nr, cipherText));
      }
      await writeAt(files.tags, Buffer.concat(entries), (recordOf(start) + first) * ENTRY_BYTES);
      written = filled;
    };
    try {
      for await (const piece of pieces) {
        const cipherText = cipher.update(piece);
        for (let taken = 0; taken < cipherText.length; ) {
          const part = cipherText.subarray(taken, taken + GATHERED_BYTES - filled);
          buffer.set(part, filled);
          filled += part.length;
          taken += part.length;
          if (filled < GATHERED_BYTES) continue;
          await flush();
          start += GATHERED_BYTES;
          filled = 0;
          written = 0;
        }
        giveBack(cipherText);
      }
    } finally {
      await flush();
    }
    return start + written - at;
  });
}

/** The tags are changed first: bytes that no tag covers do not count. */
async function truncate(files: Files, key: BlobKey, size: number): Promise<void> {
  if (size >= (await coveredSize(files.tags))) return;
  const record = recordOf(size);
  const buffer = Buffer.alloc(RECORD_BYTES);
  const left = await readLastRecord(files, key, size, buffer);
  if (left > 0) {
    const entry = createRecordTags(key).make(record, buffer.subarray(0, left));
    await writeAt(files.tags, entry, record * ENTRY_BYTES);
  }
  await files.tags.truncate((left > 0 ? record + 1 : record) * ENTRY_BYTES);
  await files.bytes.truncate(size);
}
