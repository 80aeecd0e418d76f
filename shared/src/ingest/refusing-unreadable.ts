/** Why a chosen file, or one from a disc or an archive, is not sent: an outcome with a reason, not an error. */
import type { NamingText } from '../deid/companions.ts';
import type { Place } from '../dicom/data-set.ts';
import type { ReasonCode } from '../protocol/reasons.ts';
import { ArchiveError } from './archive.ts';
import type { BegunInstance } from './begun-instance.ts';

export type NotSent =
  | {
      readonly kind: 'refused';
      readonly because: ReasonCode;
      readonly where?: Place;
      /** The instance that a damaged file was meant to be, if its beginning says so. */
      readonly begun?: BegunInstance;
    }
  | {
      readonly kind: 'quarantined';
      readonly because: ReasonCode;
      /** With `named-by-companion`: the original texts, for the person who decides. */
      readonly texts?: readonly NamingText[];
    }
  /** The file is not DICOM and was found in a folder, or it is the index of a disc (`sop-class-not-storage`). */
  | { readonly kind: 'skipped'; readonly because: ReasonCode };

/** Turns errors of a removed medium or a damaged archive into outcomes. */
export async function refusingUnreadable<T>(
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T | NotSent> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ArchiveError) return { kind: 'refused', because: error.because };
    // NotReadableError, NotFoundError: reading a file that is gone throws these (File API §6.5).
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
