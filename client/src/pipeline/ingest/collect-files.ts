/**
 * What a person chose, as a flat list of files: single files, folders with all that is in them, ZIP archives (drops: dropped-files.ts).
 * Listing reads no file but archives' directories. Order: as chosen, inside a folder by path, so that the same choice gives the same order.
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
