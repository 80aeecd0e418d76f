/** Reads what was dropped on the page, synchronously in the event. dropped-files.ts lists it. */
import type { FileHandle, FolderHandle } from './folder-handle.ts';

/** The method is missing in the DOM's types (File System Access §3.6). */
type Handed = { getAsFileSystemHandle?(): Promise<FileHandle | FolderHandle | null> };

export interface Dropped {
  readonly item: FileSystemEntry | File;
  readonly handle: Promise<FileHandle | FolderHandle | null>;
}

/**
 * Reads the content of a drop. It must run synchronously, because the items are empty once the event handler has
 * returned.
 */
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
