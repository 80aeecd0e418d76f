/** The files that paths of the command line name: files, folders with everything below, ZIP archives. In path order. */
import { openAsBlob, type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  byName,
  collectFile,
  type Collected,
} from '../../client/src/pipeline/ingest/choose/collect-files.ts';
import { printable, UsageError } from './arguments.ts';

/** Throws UsageError for a path that is not there; a file that cannot be read comes out as refused. */
export async function* findFiles(paths: readonly string[], signal: AbortSignal): AsyncGenerator<Collected> {
  for (const path of paths) {
    let isFolder: boolean;
    try {
      isFolder = (await stat(path)).isDirectory();
    } catch {
      throw new UsageError(`${printable(path)} does not exist or cannot be read`);
    }
    if (isFolder) yield* findInFolder(path, signal);
    else yield* openOne(path, false, signal);
  }
}

async function* findInFolder(folder: string, signal: AbortSignal): AsyncGenerator<Collected> {
  signal.throwIfAborted();
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch {
    yield { kind: 'refused', path: folder, bytes: 0, because: 'file-unreadable' };
    return;
  }
  for (const entry of byName(entries, ({ name }) => name)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* findInFolder(path, signal);
    // A link to a file is followed, a link to a folder is not: it may lead in a circle.
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path))))
      yield* openOne(path, true, signal);
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function* openOne(path: string, inFolder: boolean, signal: AbortSignal): AsyncGenerator<Collected> {
  let file: Blob;
  try {
    file = await openAsBlob(path);
  } catch {
    yield { kind: 'refused', path, bytes: 0, because: 'file-unreadable' };
    return;
  }
  yield* collectFile(file, path, inFolder, { signal });
}
