/**
 * Turns a person's choice into a flat list of files: single files, folders with all their content, ZIP archives
 * (drops: dropped-files.ts). Listing reads only the directories of archives. Order: as chosen, and by path inside
 * a folder, the index of a disc first, so that the same choice gives the same order.
 */
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { isArchiveName } from '#shared/ingest/archive-name.ts';
import type { ArchiveEntry } from '#shared/ingest/archive.ts';
import type { FolderHandle } from './folder-handle.ts';

/** Where the bytes of a file are. A worker can receive it. */
export type FileRef =
  | { readonly kind: 'file'; readonly file: Blob }
  /** `path`: the names that lead from `folder` to the file. */
  | { readonly kind: 'in-folder'; readonly folder: FolderHandle; readonly path: readonly string[] }
  | { readonly kind: 'entry'; readonly archiveId: string; readonly archive: Blob; readonly index: number };

export interface CollectedFile {
  readonly kind: 'file';
  /** The path as shown on this device; never leaves it. */
  readonly path: string;
  /** null: not known before it is read. */
  readonly bytes: number | null;
  readonly ref: FileRef;
  /** Found in a folder or an archive, not chosen itself, so it may be no DICOM file. */
  readonly inFolder: boolean;
}

/** After reading. */
export type ReadFile = CollectedFile & { readonly bytes: number };

export type Collected =
  | CollectedFile
  | { readonly kind: 'refused'; readonly path: string; readonly bytes: number; readonly because: ReasonCode };

/**
 * `listArchive`: where the page's thread must not be kept busy by the directory of an archive. `breathe`: nor by the
 * names of ten thousand files (breathe.ts).
 */
export interface Collecting {
  readonly signal?: AbortSignal;
  readonly breathe?: () => Promise<void>;
  readonly listArchive?: (archive: Blob, signal?: AbortSignal) => Promise<readonly ArchiveEntry[]>;
}

/** From `<input type=file>`: under `webkitdirectory` each file knows its path. */
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

/** Sorted by name, in the engine's own order of strings: a comparison of our own is slow for ten thousand. */
export function byName<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  const named = Map.groupBy(items, nameOf);
  return [...named.keys()].sort().flatMap((name) => named.get(name)!);
}

/** PS3.10 §8.6: the File ID of the index of a disc. */
const INDEX_NAME = /(^|[/\\])DICOMDIR\.?(;\d+)?$/i;

/** The index of a disc comes first: it names the studies before one of their files is read. */
export function indexFirst<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  const first = items.filter((item) => INDEX_NAME.test(nameOf(item)));
  return first.length === 0 ? items : [...first, ...items.filter((item) => !INDEX_NAME.test(nameOf(item)))];
}

/** Yields a file, or the entries of an archive. `bytes` of an archive's entries are those of its directory. */
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
