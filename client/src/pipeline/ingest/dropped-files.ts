/**
 * What was dropped on the page, folders with all that is in them. A browser gives folders as entries (File and Directory Entries API).
 */
import { collectFile, comparePaths, type Collected } from './collect-files.ts';

/** Folders inside folders; a file system with a loop ends here. */
const DEPTH_LIMIT = 32;

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
