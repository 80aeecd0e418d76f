/**
 * Opens a file by its reference: a file as it is, an entry of an archive inflated. A file that cannot be read
 * is an outcome with a reason, not an error.
 */
import type { NamingText } from '#shared/deid/companions.ts';
import type { Place } from '#shared/dicom/data-set.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { ArchiveError, type ArchiveReader } from './archive.ts';
import type { FileRef } from './collect-files.ts';
import { openInFolder } from './picked-folder.ts';

export type NotSent =
  | { readonly kind: 'refused'; readonly because: ReasonCode; readonly where?: Place }
  | {
      readonly kind: 'quarantined';
      readonly because: ReasonCode;
      /** Under `named-by-companion`: originals, for the person who decides. */
      readonly texts?: readonly NamingText[];
    }
  /** Not DICOM, and found in a folder; or the index of a disc (`sop-class-not-storage`). */
  | { readonly kind: 'skipped'; readonly because: ReasonCode };

/**
 * The bytes of a file; an archive's entry is inflated. Throws ArchiveError, DOMException where a file is
 * gone, or the signal's reason.
 */
export async function openFile(ref: FileRef, archives: ArchiveReader, signal?: AbortSignal): Promise<Blob> {
  if (ref.kind === 'in-folder') return openInFolder(ref.folder, ref.path);
  return ref.kind === 'file' ? ref.file : archives.openEntry(ref.archiveId, ref.archive, ref.index, signal);
}

/** A medium that was pulled out and a damaged archive are answers, not faults. */
export async function refusingUnreadable<T>(
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T | NotSent> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ArchiveError) return { kind: 'refused', because: error.because };
    // NotReadableError, NotFoundError: what reading a file throws once it is gone (File API §6.5).
    if (error instanceof DOMException || isSystemError(error))
      return { kind: 'refused', because: 'file-unreadable' };
    throw error;
  }
}

function isSystemError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^E[A-Z]+$/.test(error.code)
  );
}
