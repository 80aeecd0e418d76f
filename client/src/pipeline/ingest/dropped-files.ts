/**
 * What was dropped on the page, folders with all that is in them: as handles where the browser has them
 * (picked-folder.ts), else as entries (File and Directory Entries API).
 */
import { byName, collectFile, type Collected } from './collect-files.ts';
import { collectPicked, type FileHandle, type FolderHandle, type PickedFolder } from './picked-folder.ts';

/** Folders inside folders; a file system with a loop ends here. */
const DEPTH_LIMIT = 32;

/** The DOM's types do not know it (File System Access §3.6). */
type Handed = { getAsFileSystemHandle?(): Promise<FileHandle | FolderHandle | null> };

export interface Dropped {
  readonly item: FileSystemEntry | File;
  readonly handle: Promise<FileHandle | FolderHandle | null>;
}

/** What a drop holds, taken out synchronously: the items are empty once the event handler has returned. */
export function takeDropped(items: Iterable<DataTransferItem>): readonly Dropped[] {
  const taken: Dropped[] = [];
  for (const each of items) {
    if (each.kind !== 'file') continue;
    const item = each.webkitGetAsEntry?.() ?? each.getAsFile();
    const handle = (each as Handed).getAsFileSystemHandle?.().catch(() => null) ?? Promise.resolve(null);
    if (item) taken.push({ item, handle });
  }
  return taken;
}

export async function* collectDropped(
  dropped: readonly Dropped[],
  pick: (folder: FolderHandle) => PickedFolder,
  signal?: AbortSignal,
): AsyncGenerator<Collected> {
  for (const { item, handle } of dropped) {
    const handed = await handle;
    if (handed?.kind === 'directory') yield* collectPicked(pick(handed), signal);
    else if (item instanceof File) yield* collectFile(item, item.name, false, signal);
    else yield* collectEntry(item, item.name, false, 0, signal);
  }
}

async function* collectEntry(
  entry: FileSystemEntry,
  path: string,
  inFolder: boolean,
  depth: number,
  signal?: AbortSignal,
): AsyncGenerator<Collected> {
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

async function* collectDirectory(
  directory: FileSystemDirectoryEntry,
  path: string,
  depth: number,
  signal?: AbortSignal,
): AsyncGenerator<Collected> {
  let entries: FileSystemEntry[];
  try {
    if (depth >= DEPTH_LIMIT) throw new RangeError('folders are nested too deep');
    entries = await readAllEntries(directory.createReader());
  } catch {
    yield { kind: 'refused', path, bytes: 0, because: 'file-unreadable' };
    return;
  }
  for (const entry of byName(entries, ({ name }) => name))
    yield* collectEntry(entry, `${path}/${entry.name}`, true, depth + 1, signal);
}

/**
 * `readEntries` gives at most 100 at a time in Chromium: it is called until it gives none (File and Directory
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
