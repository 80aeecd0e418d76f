/** Blobs as files of one folder, named by their id; see blobs.ts for what is promised. */
import { createSecretKey, type Cipheriv, type KeyObject } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { cipherAt } from './blob-cipher.ts';
import { StorageFull, type Blobs, type OpenBlob } from './blobs.ts';

/**
 * Bytes read at once: below 256 KiB the system calls cost more than the disk; each open stream holds this
 * much.
 */
const PIECE_BYTES = 1024 * 1024;
/**
 * Bytes gathered before they are written, for the same reason; each upload holds this much, and there are
 * more of them.
 */
const GATHERED_BYTES = 256 * 1024;
/**
 * A small read fetches this much, for the next one is close by: headers are walked in steps of a few bytes.
 * Far above it most is read for nothing.
 */
const WINDOW_BYTES = 16 * 1024;
/**
 * Buffers of a piece that are kept for the next one: as many as are read at once. A new one each time would
 * have V8 collect all the time.
 */
const BUFFERS_KEPT = 8;

/** Ids become file names: only those that we make ourselves are accepted. */
const ID = /^[0-9a-z-]{1,64}$/;

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

function orFull(error: unknown): unknown {
  return hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT') ? new StorageFull(error) : error;
}

/** Lends a buffer of at least so many bytes for as long as `use` takes. */
type Lend = <T>(bytes: number, use: (buffer: Buffer) => Promise<T>) => Promise<T>;

function createBuffers(): Lend {
  const kept: Buffer[] = [];
  return async (bytes, use) => {
    const buffer =
      bytes > PIECE_BYTES
        ? Buffer.allocUnsafeSlow(bytes)
        : (kept.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES));
    try {
      return await use(buffer);
    } finally {
      if (buffer.length === PIECE_BYTES && kept.length < BUFFERS_KEPT) kept.push(buffer);
    }
  };
}

/** Makes the folder (only for this user) where it is not there. */
export async function openFileBlobs(folder: string): Promise<Blobs> {
  const lend = createBuffers();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (id: string): string => {
    if (!ID.test(id)) throw new RangeError('not the id of a blob');
    return join(folder, id);
  };
  const withFile = async <T>(
    id: string,
    flags: string,
    use: (file: FileHandle) => Promise<T>,
  ): Promise<T> => {
    const file = await open(pathOf(id), flags, 0o600);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  };

  return {
    async create(id) {
      await withFile(id, 'a', async () => undefined).catch((error: unknown) => Promise.reject(orFull(error)));
    },
    size: (id) =>
      stat(pathOf(id)).then(
        ({ size }) => size,
        (error: unknown) => (hasCode(error, 'ENOENT') ? null : Promise.reject(error)),
      ),
    append: (id, key, at, pieces) =>
      withFile(id, 'r+', (file) => append(file, createSecretKey(key), at, pieces)),
    truncate: (id, size) => withFile(id, 'r+', (file) => file.truncate(size)),
    async sync(id) {
      await withFile(id, 'r+', (file) => file.datasync());
      // A new name outlives a power cut once its folder is on the disk too (fsync(2)).
      const names = await open(folder, 'r');
      await names.sync().finally(() => names.close());
    },
    async open(id, key) {
      try {
        return await openBlob(await open(pathOf(id), 'r'), createSecretKey(key), lend);
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return null;
        throw error;
      }
    },
    remove: (id) => rm(pathOf(id), { force: true }),
    ids: async () => (await readdir(folder)).filter((name) => ID.test(name)),
    async freeBytes() {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
}

async function append(
  file: FileHandle,
  key: KeyObject,
  at: number,
  pieces: AsyncIterable<Uint8Array>,
): Promise<number> {
  const cipher = cipherAt(key, at);
  let written = 0;
  let gathered: Uint8Array[] = [];
  let held = 0;
  const flush = async (): Promise<void> => {
    const out = gathered;
    gathered = [];
    held = 0;
    if (out.length > 0) written += await writeAll(file, out, at + written);
    out.forEach(giveBack);
  };
  try {
    try {
      for await (const piece of pieces) {
        gathered.push(cipher.update(piece));
        held += piece.length;
        if (held >= GATHERED_BYTES) await flush();
      }
    } finally {
      await flush();
    }
  } catch (error) {
    throw orFull(error);
  }
  return written;
}

/**
 * Memory that was the cipher's output: left to the collector, each 20 MB of it cost a pause of the whole heap
 * (measured: a third of them with this).
 */
function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** `writev` may write less than it was given: the rest is written piece by piece. */
async function writeAll(file: FileHandle, pieces: Uint8Array[], position: number): Promise<number> {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let { bytesWritten } = await file.writev(pieces, position);
  if (bytesWritten < total) {
    const rest = Buffer.concat(pieces).subarray(bytesWritten);
    for (let at = 0; at < rest.length; )
      at += (await file.write(rest, at, rest.length - at, position + bytesWritten + at)).bytesWritten;
    bytesWritten = total;
  }
  return bytesWritten;
}

/**
 * As a plain Uint8Array: a Buffer's `slice` shares its bytes, which readers of a ByteSource do not expect.
 */
function plain(cipher: Cipheriv, bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = cipher.update(bytes);
  return new Uint8Array(buffer, byteOffset, length);
}

async function openBlob(file: FileHandle, key: KeyObject, lend: Lend): Promise<OpenBlob> {
  const { size } = await file.stat();
  let window = { offset: 0, bytes: new Uint8Array() as Uint8Array };

  /** Fewer bytes than asked for only at the end of the file. */
  const readPlain = async (offset: number, length: number): Promise<Uint8Array> => {
    const wanted = Math.max(0, Math.min(length, size - offset));
    return lend(wanted, async (buffer) => {
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await file.read(buffer, filled, wanted - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return plain(cipherAt(key, offset), buffer.subarray(0, filled));
    });
  };

  return {
    size,
    async read(offset, length) {
      if (length > WINDOW_BYTES) return readPlain(offset, length);
      if (offset < window.offset || offset + length > window.offset + window.bytes.length) {
        window = { offset, bytes: await readPlain(offset, WINDOW_BYTES) };
      }
      return window.bytes.slice(offset - window.offset, offset - window.offset + length);
    },
    async *stream({ offset, length }, signal) {
      const cipher = cipherAt(key, offset);
      for (let done = 0; done < length; ) {
        signal.throwIfAborted();
        // The cipher text goes back to be read into again; each piece of plain text is its own.
        const piece = await lend(PIECE_BYTES, async (buffer) => {
          const { bytesRead } = await file.read(
            buffer,
            0,
            Math.min(PIECE_BYTES, length - done),
            offset + done,
          );
          return plain(cipher, buffer.subarray(0, bytesRead));
        });
        if (piece.length === 0) throw new RangeError('the range ends beyond the blob');
        done += piece.length;
        yield piece;
      }
    },
    close: () => file.close(),
  };
}
