/**
 * A folder that the browser provides as a handle: from the picker of the File System Access API, or dropped on the
 * page (Chromium). Workers list it and open its files by name, so the page's thread holds only names. With `<input
 * webkitdirectory>`, the browser creates ten thousand files in one task before the page sees any of them, and frees
 * them in another. Both tasks block the page.
 */
import { isArchiveName } from '#shared/ingest/archive-name.ts';
import { collectFile, indexFirst, type Collected, type Collecting } from './collect-files.ts';
import type { FolderHandle } from './folder-handle.ts';

/** The maximum depth of folders, so that listing ends in a file system with a loop. */
const DEPTH_LIMIT = 32;

/** The content of one folder, sorted by name, with the index of a disc first. `folders`: the names that are folders. */
export interface Listing {
  readonly names: readonly string[];
  readonly folders: readonly string[];
}

/** `path`: the names of the folders that lead to it. Throws DOMException if it cannot be read. */
export async function listFolder(folder: FolderHandle, path: readonly string[]): Promise<Listing> {
  const names: string[] = [];
  const folders: string[] = [];
  for await (const { name, kind } of (await openFolder(folder, path)).values()) {
    names.push(name);
    if (kind === 'directory') folders.push(name);
  }
  return { names: indexFirst(names.sort(), (name) => name), folders };
}

/** The last name in `path` is the file's. Throws like `listFolder`. */
export async function openInFolder(folder: FolderHandle, path: readonly string[]): Promise<File> {
  return (await (await openFolder(folder, path.slice(0, -1))).getFileHandle(path.at(-1)!)).getFile();
}

async function openFolder(folder: FolderHandle, path: readonly string[]): Promise<FolderHandle> {
  let open = folder;
  for (const name of path) open = await open.getDirectoryHandle(name);
  return open;
}

export interface PickedFolder {
  readonly folder: FolderHandle;
  /** `listFolder` in a worker; null if the folder cannot be read. */
  readonly list: (path: readonly string[]) => Promise<Listing | null>;
}

export async function* collectPicked(
  picked: PickedFolder,
  how: Collecting = {},
  path: readonly string[] = [],
): AsyncGenerator<Collected> {
  how.signal?.throwIfAborted();
  const { folder, list } = picked;
  const shown = (name?: string): string =>
    [folder.name, ...path, ...(name === undefined ? [] : [name])].join('/');
  const listing = path.length < DEPTH_LIMIT ? await list(path) : null;
  if (listing === null) {
    yield { kind: 'refused', path: shown(), bytes: 0, because: 'file-unreadable' };
    return;
  }
  const folders = new Set(listing.folders);
  for (const name of listing.names) {
    if (folders.has(name)) yield* collectPicked(picked, how, [...path, name]);
    else if (isArchiveName(name)) yield* collectArchive(folder, [...path, name], shown(name), how);
    else
      yield {
        kind: 'file',
        path: shown(name),
        bytes: null,
        ref: { kind: 'in-folder', folder, path: [...path, name] },
        inFolder: true,
      };
  }
}

async function* collectArchive(
  folder: FolderHandle,
  path: readonly string[],
  shown: string,
  how: Collecting,
): AsyncGenerator<Collected> {
  const file = await openInFolder(folder, path).catch(() => null);
  if (file === null) yield { kind: 'refused', path: shown, bytes: 0, because: 'file-unreadable' };
  else yield* collectFile(file, shown, true, how);
}
