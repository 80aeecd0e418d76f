/**
 * Files and folders dropped on the page: as handles where the browser has them (picked-folder.ts), otherwise as
 * entries (File and Directory Entries API).
 */
import { byName, collectFile, indexFirst, type Collected, type Collecting } from './collect-files.ts';
import type { FolderHandle } from './folder-handle.ts';
import { collectPicked, type PickedFolder } from './picked-folder.ts';
import type { Dropped } from './take-dropped.ts';

/** The maximum depth of folders, so that listing ends in a file system with a loop. */
const DEPTH_LIMIT = 32;

export async function* collectDropped(
  dropped: readonly Dropped[],
  pick: (folder: FolderHandle) => PickedFolder,
  how: Collecting = {},
): AsyncGenerator<Collected> {
  for (const { item, handle } of dropped) {
    const handed = await handle;
    if (handed?.kind === 'directory') yield* collectPicked(pick(handed), how);
    else if (item instanceof File) yield* collectFile(item, item.name, false, how);
    else yield* collectEntry(item, { path: item.name, depth: 0 }, how);
  }
}

/** `depth`: the number of dropped folders that contain the entry. */
type EntryPlace = { readonly path: string; readonly depth: number };

async function* collectEntry(
  entry: FileSystemEntry,
  place: EntryPlace,
  how: Collecting = {},
): AsyncGenerator<Collected> {
  how.signal?.throwIfAborted();
  if (entry.isDirectory) {
    yield* collectDirectory(entry as FileSystemDirectoryEntry, place, how);
    return;
  }
  const { path, depth } = place;
  let file: File;
  try {
    file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
  } catch {
    yield { kind: 'refused', path, bytes: 0, because: 'file-unreadable' };
    return;
  }
  yield* collectFile(file, path, depth > 0, how);
}

async function* collectDirectory(
  directory: FileSystemDirectoryEntry,
  { path, depth }: EntryPlace,
  how: Collecting = {},
): AsyncGenerator<Collected> {
  let entries: FileSystemEntry[];
  try {
    if (depth >= DEPTH_LIMIT) throw new RangeError('folders are nested too deep');
    entries = await readAllEntries(directory.createReader());
  } catch {
    yield { kind: 'refused', path, bytes: 0, because: 'file-unreadable' };
    return;
  }
  const nameOf = ({ name }: FileSystemEntry): string => name;
  for (const entry of indexFirst(byName(entries, nameOf), nameOf))
    yield* collectEntry(entry, { path: `${path}/${entry.name}`, depth: depth + 1 }, how);
}

/**
 * In Chromium `readEntries` returns at most 100 entries, so it is called until it returns none (File and Directory
 * Entries API §7.3).
 */
async function readAllEntries(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}
