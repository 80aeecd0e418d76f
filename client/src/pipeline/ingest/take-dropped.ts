/** Takes what was dropped on the page, in the event's own turn; dropped-files.ts lists it. */
import type { FileHandle, FolderHandle } from './folder-handle.ts';

/** The DOM's types do not know it (File System Access §3.6). */
type Handed = { getAsFileSystemHandle?(): Promise<FileHandle | FolderHandle | null> };

export interface Dropped {
  readonly item: FileSystemEntry | File;
  readonly handle: Promise<FileHandle | FolderHandle | null>;
}

/** Takes the content of a drop, synchronously: the items are empty once the event handler has returned. */
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
