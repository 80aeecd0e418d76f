/**
 * What a person chose, as a flat list of files: single files, folders with all that is in them, drops, ZIP archives. Listing reads no
 * file but archives' directories. Order: as chosen, inside a folder by path, so that the same choice gives the same order.
 */
import type { ReasonCode } from '#shared/protocol/problem.ts';
import { isArchiveName, listArchive } from './archive.ts';

/** Where the bytes of a file are; can be sent to a worker. */
export type FileRef =
  | { readonly kind: 'file'; readonly file: Blob }
  | { readonly kind: 'entry'; readonly archiveId: string; readonly archive: Blob; readonly index: number };

export interface CollectedFile {
  readonly kind: 'file';
  /** As shown on this device; never leaves it. */
  readonly path: string;
  readonly bytes: number;
  readonly ref: FileRef;
  /** Found in a folder or an archive, not chosen itself: what is not DICOM there is nobody's mistake. */
  readonly inFolder: boolean;
}

export type Collected = CollectedFile | { readonly kind: 'refused'; readonly path: string; readonly bytes: number; readonly because: ReasonCode };

/** Folders inside folders; a file system with a loop ends here. */
const DEPTH_LIMIT = 32;

/** From `<input type=file>`: under `webkitdirectory` each file knows its path. */
export async function* collectFiles(files: Iterable<File>, signal?: AbortSignal): AsyncGenerator<Collected> {
  const chosen = [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name, inFolder: Boolean(file.webkitRelativePath) }));
  if (chosen.some((each) => each.inFolder)) chosen.sort((a, b) => comparePaths(a.path, b.path));
  for (const { file, path, inFolder } of chosen) yield* collectFile(file, path, inFolder, signal);
}

export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One file, or the entries of one archive. `bytes` of an archive's entries are those of its directory. */
export async function* collectFile(file: Blob, path: string, inFolder: boolean, signal?: AbortSignal): AsyncGenerator<Collected> {
  signal?.throwIfAborted();
  if (!isArchiveName(path)) {
    yield { kind: 'file', path, bytes: file.size, ref: { kind: 'file', file }, inFolder };
    return;
  }
  const archiveId = crypto.randomUUID();
  for (const entry of await listArchive(file, signal)) {
    const inside = entry.path === '' ? path : `${path}/${entry.path}`;
    if (entry.kind === 'refused') yield { kind: 'refused', path: inside, bytes: entry.bytes, because: entry.because };
    else yield { kind: 'file', path: inside, bytes: entry.bytes, ref: { kind: 'entry', archiveId, archive: file, index: entry.index }, inFolder: true };
  }
}

/** What a drop holds, taken out synchronously: the items are empty once the event handler has returned. */
export function takeDropped(items: Iterable<DataTransferItem>): readonly (FileSystemEntry | File)[] {
  const taken: (FileSystemEntry | File)[] = [];
  for (const item of items) {
    if (item.kind !== 'file') continue;
    const dropped = item.webkitGetAsEntry?.() ?? item.getAsFile();
    if (dropped) taken.push(dropped);
  }
  return taken;
}

export async function* collectDropped(dropped: readonly (FileSystemEntry | File)[], signal?: AbortSignal): AsyncGenerator<Collected> {
  for (const each of dropped) {
    if (each instanceof File) yield* collectFile(each, each.name, false, signal);
    else yield* collectEntry(each, each.name, false, 0, signal);
  }
}

async function* collectEntry(entry: FileSystemEntry, path: string, inFolder: boolean, depth: number, signal?: AbortSignal): AsyncGenerator<Collected> {
  signal?.throwIfAborted();
  if (entry.isDirectory) {
    yield* collectDirectory(entry as FileSystemDirectoryEntry, path, depth, signal);
    return;
  }
  let file: File;
  try {
    file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
  } catch {
    yield { kind: 'refused', path, bytes: 0, because: 'file-unreadable' };
    return;
  }
  yield* collectFile(file, path, inFolder, signal);
}

async function* collectDirectory(directory: FileSystemDirectoryEntry, path: string, depth: number, signal?: AbortSignal): AsyncGenerator<Collected> {
  let entries: FileSystemEntry[];
  try {
    if (depth >= DEPTH_LIMIT) throw new RangeError('folders are nested too deep');
    entries = await readAllEntries(directory.createReader());
  } catch {
    yield { kind: 'refused', path, bytes: 0, because: 'file-unreadable' };
    return;
  }
  entries.sort((a, b) => comparePaths(a.name, b.name));
  for (const entry of entries) yield* collectEntry(entry, `${path}/${entry.name}`, true, depth + 1, signal);
}

/** `readEntries` gives at most 100 at a time in Chromium: it is called until it gives none (File and Directory Entries API §7.3). */
async function readAllEntries(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
