/** Opens a file by its reference: a plain file as it is, or an archive's entry after inflating it. */
import type { ArchiveReader } from '#shared/ingest/archive.ts';
import type { FileRef } from './collect-files.ts';
import { openInFolder } from './picked-folder.ts';

/**
 * Returns the bytes of a file; an archive's entry is inflated. Throws ArchiveError, DOMException if a file is gone,
 * or the signal's reason.
 */
export async function openFile(ref: FileRef, archives: ArchiveReader, signal?: AbortSignal): Promise<Blob> {
  if (ref.kind === 'in-folder') return openInFolder(ref.folder, ref.path);
  return ref.kind === 'file' ? ref.file : archives.openEntry(ref.archiveId, ref.archive, ref.index, signal);
}
