/**
 * Turns a person's choice into a flat list of files: single files, folders with all their content, and ZIP archives
 * (dropped files: dropped-files.ts). Listing an archive reads only its directory. The order is always the same: as
 * chosen, and by path inside a folder, with the index of a disc first.
 */
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { isArchiveName } from '#shared/ingest/archive-name.ts';
import type { ArchiveEntry } from '#shared/ingest/archive.ts';
import type { FolderHandle } from './folder-handle.ts';

/** A reference to the bytes of a file. It can be sent to a worker. */
export type FileRef =
  | { readonly kind: 'file'; readonly file: Blob }
  /** `path`: the names that lead from `folder` to the file. */
  | { readonly kind: 'in-folder'; readonly folder: FolderHandle; readonly path: readonly string[] }
  | { readonly kind: 'entry'; readonly archiveId: string; readonly archive: Blob; readonly index: number };

export interface CollectedFile {
  readonly kind: 'file';
  /** The path shown on this device; it never leaves the device. */
  readonly path: string;
  /** null: not known until the file is read. */
  readonly bytes: number | null;
  readonly ref: FileRef;
  /**
   * Whether the file was found in a folder or an archive instead of being chosen itself, so that it may not be DICOM.
   */
  readonly inFolder: boolean;
}

/** A file after reading. */
export type ReadFile = CollectedFile & { readonly bytes: number };

export type Collected =
  | CollectedFile
  | { readonly kind: 'refused'; readonly path: string; readonly bytes: number; readonly because: ReasonCode };

/**
 * `listArchive`: reads an archive's directory elsewhere, so that it does not block the page's thread. `breathe`:
 * yields the thread while the names of ten thousand files are listed (breathe.ts).
 */
export interface Collecting {
  readonly signal?: AbortSignal;
  readonly breathe?: () => Promise<void>;
  readonly listArchive?: (archive: Blob, signal?: AbortSignal) => Promise<readonly ArchiveEntry[]>;
}

/** Collects files from `<input type=file>`. With `webkitdirectory` each file has its path. */
export async function* collectFiles(files: Iterable<File>, how?: Collecting): AsyncGenerator<Collected> {
  const chosen: { readonly file: File; readonly path: string; readonly inFolder: boolean }[] = [];
  for (const file of files) {
    const { webkitRelativePath: inside } = file;
    chosen.push({ file, path: inside || file.name, inFolder: Boolean(inside) });
    await how?.breathe?.();
  }
  const nameOf = ({ path }: { readonly path: string }): string => path;
  const ordered = chosen.some((each) => each.inFolder) ? indexFirst(byName(chosen, nameOf), nameOf) : chosen;
  for (const { file, path, inFolder } of ordered) yield* collectFile(file, path, inFolder, how);
}

/**
 * Sorts by name, in the engine's built-in order of strings, because a comparison function is slow for ten thousand
 * items.
 */
export function byName<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  const named = Map.groupBy(items, nameOf);
  return [...named.keys()].sort().flatMap((name) => named.get(name)!);
}

/** The File ID of a disc's index (PS3.10 §8.6). */
const INDEX_NAME = /(^|[/\\])DICOMDIR\.?(;\d+)?$/i;

/** Moves the index of a disc to the front, because it names the studies before any of their files is read. */
export function indexFirst<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  const first = items.filter((item) => INDEX_NAME.test(nameOf(item)));
  return first.length === 0 ? items : [...first, ...items.filter((item) => !INDEX_NAME.test(nameOf(item)))];
}

/** Yields a file, or the entries of an archive. For an entry, `bytes` is the size in the archive's directory. */
export async function* collectFile(
  file: Blob,
  path: string,
  inFolder: boolean,
  { signal, listArchive }: Collecting = {},
): AsyncGenerator<Collected> {
  signal?.throwIfAborted();
  if (!isArchiveName(path)) {
    yield { kind: 'file', path, bytes: file.size, ref: { kind: 'file', file }, inFolder };
    return;
  }
  const archiveId = crypto.randomUUID();
  const list = listArchive ?? (await import('#shared/ingest/archive.ts')).listArchive;
  for (const entry of indexFirst(await list(file, signal), ({ path }) => path)) {
    const inside = entry.path === '' ? path : `${path}/${entry.path}`;
    if (entry.kind === 'refused')
      yield { kind: 'refused', path: inside, bytes: entry.bytes, because: entry.because };
    else
      yield {
        kind: 'file',
        path: inside,
        bytes: entry.bytes,
        ref: { kind: 'entry', archiveId, archive: file, index: entry.index },
        inFolder: true,
      };
  }
}
