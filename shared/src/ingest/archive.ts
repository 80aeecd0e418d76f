/**
 * ZIP files as folders. Entries are listed from the archive's directory alone and judged before a byte is inflated. An
 * entry is inflated only when it is needed, never beyond the size in the directory, and its checksum is compared.
 * Nothing is written to disk; names are shown but never used as paths. Only this file uses zip.js, which is loaded with
 * the first archive.
 */
import type { FileEntry, Reader } from '@zip.js/zip.js';
import { ignoreFailure } from '../ignore-failure.ts';
import type { ByteSource } from '../dicom/data-set.ts';
import type { ReasonCode } from '../protocol/reasons.ts';
import { crc32 } from '../pixels/crc32.ts';
import { isArchiveName } from './archive-name.ts';

/** Limits of an archive. */
export const ARCHIVE_LIMITS = {
  /** The most entries of an archive, as many as one manifest takes; the directory is not read any further. */
  entries: 20_000,
  /**
   * The same on a person's device, where somebody may choose a whole disc of studies: more than twice what fits without
   * ZIP64.
   */
  entriesOnDevice: 150_000,
  /**
   * The most empty entries, which cannot be instances: a media export has a handful (locks, markers), a hostile archive
   * thousands.
   */
  emptyEntries: 1_000,
  /** The most bytes of all entries: twice a tablet's share of the largest study there is. */
  expandedBytes: 32 * 1024 ** 3,
  /**
   * The highest compression ratio. Real images reach 10:1, blank ones 400:1; deflate cannot exceed 1032:1. Checked only
   * for entries large enough to do harm.
   */
  ratio: 250,
  ratioFromBytes: 16 * 1024 * 1024,
} as const;

/** The bytes of an archive: a file of the device, or a source that can be read at any position. */
type ArchiveBytes = Blob | ByteSource;

export type ArchiveEntry =
  | { readonly kind: 'entry'; readonly path: string; readonly bytes: number; readonly index: number }
  | { readonly kind: 'refused'; readonly path: string; readonly bytes: number; readonly because: ReasonCode };

/** An entry did not inflate to what the directory says. */
export class ArchiveError extends Error {
  readonly because: ReasonCode;
  constructor(because: ReasonCode) {
    super(because);
    this.name = 'ArchiveError';
    this.because = because;
  }
}

/**
 * The entries of the archive in the order of its directory, without folders. An archive that is refused as a whole
 * yields one entry with an empty path.
 */
export async function listArchive(
  archive: ArchiveBytes,
  signal?: AbortSignal,
  most: number = ARCHIVE_LIMITS.entries,
): Promise<readonly ArchiveEntry[]> {
  const entries: ListedFile[] = [];
  try {
    for await (const entry of filesIn(archive, most, signal)) entries.push(listed(entry));
  } catch (error) {
    signal?.throwIfAborted();
    const because = error instanceof ArchiveError ? error.because : 'archive-damaged';
    return [{ kind: 'refused', path: '', bytes: archive.size, because }];
  }
  const expanded = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
  const isBomb = expanded > ARCHIVE_LIMITS.expandedBytes || isExpanding(expanded, archive.size);
  const named = new Map<string, number>();
  for (const entry of entries) named.set(entry.filename, (named.get(entry.filename) ?? 0) + 1);
  return entries.map((entry, index): ArchiveEntry => {
    const { filename: path, uncompressedSize: bytes } = entry;
    const because = isBomb ? 'archive-expansion-limit' : judge(entry, (named.get(path) ?? 0) > 1);
    return because === null
      ? { kind: 'entry', path, bytes, index }
      : { kind: 'refused', path, bytes, because };
  });
}

type ListedFile = Pick<
  FileEntry,
  'filename' | 'uncompressedSize' | 'compressedSize' | 'symlink' | 'encrypted'
>;

/** Keeps only the needed fields: a zip.js entry takes 2.6 kB, and an archive has tens of thousands. */
const listed = (entry: FileEntry): ListedFile => ({
  filename: entry.filename,
  uncompressedSize: entry.uncompressedSize,
  compressedSize: entry.compressedSize,
  symlink: entry.symlink,
  encrypted: entry.encrypted,
});

function isExpanding(expanded: number, packed: number): boolean {
  return expanded > ARCHIVE_LIMITS.ratioFromBytes && expanded > packed * ARCHIVE_LIMITS.ratio;
}

function judge(entry: ListedFile, isDuplicate: boolean): ReasonCode | null {
  if (!isSafePath(entry.filename) || entry.symlink) return 'archive-unsafe-path';
  if (entry.encrypted) return 'archive-encrypted';
  if (isArchiveName(entry.filename)) return 'archive-nested';
  if (isDuplicate) return 'archive-duplicate-entry';
  return isExpanding(entry.uncompressedSize, entry.compressedSize) ? 'archive-expansion-limit' : null;
}

/** Whether the path stays inside the archive on every system: no root, no drive, no step up, no control character. */
function isSafePath(path: string): boolean {
  if (path === '' || /[\u0000-\u001f\u007f]/.test(path) || /^([/\\]|[A-Za-z]:)/.test(path)) return false;
  return !path.split(/[/\\]/).includes('..');
}

/** The archive's files, without folders. Throws ArchiveError, and what zip.js throws. */
async function* filesIn(
  archive: ArchiveBytes,
  most: number,
  signal?: AbortSignal,
): AsyncGenerator<FileEntry> {
  const { ZipReader } = await import('@zip.js/zip.js');
  // We judge names one by one, because zip.js would refuse the whole archive for a single unsafe one.
  const reader = new ZipReader(await readerOf(archive), {
    useWebWorkers: false,
    filenameValidation: 'tolerant',
  });
  let read = 0;
  let empty = 0;
  for await (const entry of reader.getEntriesGenerator()) {
    signal?.throwIfAborted();
    read += 1;
    if (read > most) throw new ArchiveError('archive-too-many-entries');
    if (entry.directory) continue;
    if (entry.uncompressedSize === 0) empty += 1;
    if (empty > ARCHIVE_LIMITS.emptyEntries) throw new ArchiveError('archive-too-many-entries');
    yield entry;
  }
}

/**
 * The most bytes read at once. A directory of 150 000 entries has 15 MB; no archiver writes one that is longer than
 * this limit.
 */
const READ_AT_ONCE_BYTES = 64 * 1024 * 1024;

async function readerOf(archive: ArchiveBytes): Promise<Reader<unknown>> {
  const zip = await import('@zip.js/zip.js');
  if (archive instanceof Blob) return new zip.BlobReader(archive);
  return new (class extends zip.Reader<ByteSource> {
    override readonly size = archive.size;
    override readUint8Array(offset: number, length: number): Promise<Uint8Array> {
      if (length > READ_AT_ONCE_BYTES) throw new ArchiveError('archive-too-many-entries');
      return archive.read(offset, Math.max(0, Math.min(length, archive.size - offset)));
    }
  })(archive);
}

export interface ArchiveReader {
  /**
   * The bytes of one entry. `archiveId` identifies the archive, so that its directory is read only once. Throws
   * ArchiveError, or the signal's reason.
   */
  openEntry(archiveId: string, archive: ArchiveBytes, index: number, signal?: AbortSignal): Promise<Blob>;
  /**
   * The same as one array in memory, for callers that need all bytes at once. Reading a Blob would make another copy.
   */
  readEntry(...of: Parameters<ArchiveReader['openEntry']>): Promise<Uint8Array<ArrayBuffer>>;
}

/** How many zip.js entries are kept. Files are opened in the order of the directory, or series by series. */
const KEPT_ENTRIES = 4_096;

/** Opens entries repeatedly and remembers its position in the directory of the archive used last. */
export function createArchiveReader(most: number = ARCHIVE_LIMITS.entries): ArchiveReader {
  let last: { id: string; directory: Directory } | null = null;
  const find = async (archiveId: string, archive: ArchiveBytes, index: number): Promise<Packed> => {
    if (last?.id !== archiveId) last = { id: archiveId, directory: new Directory(archive, most) };
    const entry = await last.directory.entry(index);
    if (!entry) throw new ArchiveError('archive-damaged');
    return { archive, entry };
  };
  return {
    openEntry: async (archiveId, archive, index, signal) =>
      toBlob(await find(archiveId, archive, index), signal),
    async readEntry(archiveId, archive, index, signal) {
      const packed = await find(archiveId, archive, index);
      const bytes = new Uint8Array(packed.entry.uncompressedSize);
      await inflate(packed, (chunk, at) => bytes.set(chunk, at), signal);
      return bytes;
    },
  };
}

/** A directory that is read only as far as needed, and only once if entries are requested in order. */
class Directory {
  readonly #begin: () => AsyncGenerator<FileEntry>;
  readonly #kept = new Map<number, FileEntry>();
  #rest: AsyncGenerator<FileEntry>;
  /** The index of the next entry of `#rest`. */
  #next = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(archive: ArchiveBytes, most: number) {
    this.#begin = () => filesIn(archive, most);
    this.#rest = this.#begin();
  }

  entry(index: number): Promise<FileEntry | undefined> {
    const turn = ignoreFailure(this.#turn, 'whoever asked for that entry hears of it');
    const found = turn.then(() => this.#find(index));
    this.#turn = found;
    return found;
  }

  async #find(index: number): Promise<FileEntry | undefined> {
    if (index < this.#next && !this.#kept.has(index)) {
      this.#rest = this.#begin();
      this.#next = 0;
      this.#kept.clear();
    }
    while (this.#next <= index) {
      const { done, value } = await this.#rest.next();
      if (done) return undefined;
      this.#kept.set(this.#next, value);
      this.#kept.delete(this.#next - KEPT_ENTRIES);
      this.#next += 1;
    }
    return this.#kept.get(index);
  }
}

type Packed = { readonly archive: ArchiveBytes; readonly entry: FileEntry };

const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
/** APPNOTE 4.3.16: every archive ends with a record of at least this length, which belongs to no entry. */
const END_RECORD_BYTES = 22;
const STORED = 0;
const DEFLATED = 8;
/**
 * An entry up to this size is read together with its local header. The stream of a part of a file holds a pipe of its
 * own outside the heap until it is collected, which is most of the memory that tens of thousands of small files take.
 */
const AT_ONCE_BYTES = 1024 * 1024;
/** Room for the name and the extra field; where they are longer, the entry is read separately. */
const NAMES_BYTES = 1024;

/**
 * The entry's bytes, inflated by the browser. zip.js makes a dozen streams and some hundred objects for each entry,
 * which takes four times as long for small files, and a megabyte of memory for each hundred of them. Null: only zip.js
 * reads this entry, or says what is wrong with it.
 */
async function plainStream(
  archive: Blob,
  { offset, compressedSize, compressionMethod, encrypted }: FileEntry,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | null> {
  if (encrypted || (compressionMethod !== STORED && compressionMethod !== DEFLATED)) return null;
  const ahead = compressedSize <= AT_ONCE_BYTES ? NAMES_BYTES + compressedSize : 0;
  const until = Math.min(offset + LOCAL_HEADER_BYTES + ahead, archive.size - END_RECORD_BYTES);
  if (until < offset + LOCAL_HEADER_BYTES) return null;
  const begin = new Uint8Array(await archive.slice(offset, until).arrayBuffer());
  const header = new DataView(begin.buffer);
  // APPNOTE 4.3.7: the name and the extra field of the local header may have other lengths than in the directory.
  const at = LOCAL_HEADER_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  const from = offset + at;
  if (header.getUint32(0, true) !== LOCAL_HEADER || from + compressedSize > archive.size) return null;
  const packed =
    at + compressedSize <= begin.length
      ? streamOf(begin.subarray(at, at + compressedSize))
      : archive.slice(from, from + compressedSize).stream();
  return compressionMethod === STORED ? packed : packed.pipeThrough(new DecompressionStream('deflate-raw'));
}

const streamOf = (bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });

async function readPlain(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  { crc32: wanted }: FileEntry,
  write: (chunk: Uint8Array<ArrayBuffer>) => void,
  signal?: AbortSignal,
): Promise<void> {
  let crc = 0;
  const check = (chunk: Uint8Array<ArrayBuffer>): void => {
    crc = crc32(chunk, crc);
    write(chunk);
  };
  await stream.pipeTo(new WritableStream({ write: check }), { ...(signal && { signal }) });
  if (crc !== wanted) throw new ArchiveError('archive-damaged');
}

/** Inflated bytes are collected in Blobs of this size, which the browser may keep on its disk. */
const BLOB_BYTES = 4 * 1024 * 1024;

async function toBlob(packed: Packed, signal?: AbortSignal): Promise<Blob> {
  const blobs: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let pending = 0;
  const take = (chunk: Uint8Array<ArrayBuffer>): void => {
    chunks.push(chunk);
    pending += chunk.length;
    if (pending < BLOB_BYTES) return;
    blobs.push(new Blob(chunks));
    chunks = [];
    pending = 0;
  };
  await inflate(packed, take, signal);
  return new Blob([...blobs, ...chunks]);
}

/** `take` gets each piece and its position. */
async function inflate(
  { archive, entry }: Packed,
  take: (chunk: Uint8Array<ArrayBuffer>, at: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  let total = 0;
  const write = (chunk: Uint8Array<ArrayBuffer>): void => {
    const at = total;
    total += chunk.length;
    // If the directory lies about the size, the first byte too many reveals it.
    if (total > entry.uncompressedSize) throw new ArchiveError('archive-expansion-limit');
    take(chunk, at);
  };
  try {
    const plain = archive instanceof Blob ? await plainStream(archive, entry) : null;
    if (plain !== null) await readPlain(plain, entry, write, signal);
    else
      await entry.getData(new WritableStream({ write }), {
        ...{ checkCrc32: true, useWebWorkers: false },
        ...(signal ? { signal } : {}),
      });
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof ArchiveError ? error : new ArchiveError('archive-damaged');
  }
  if (total !== entry.uncompressedSize) throw new ArchiveError('archive-damaged');
}
