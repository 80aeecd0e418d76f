/** The instances in a file: itself, the entries of an archive, the parts of a request's body, or an association's. */
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';
import { createArchiveReader, listArchive } from '#shared/ingest/archive.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { findTaken } from '../pipeline/association-marks.ts';
import type { FileForm } from '../pipeline/sent-file.store.ts';
import { findParts } from './read-parts.ts';

/**
 * An entry is in memory while it is opened, several times over: an instance larger than this is sent by our own
 * client, which streams it.
 */
export const ENTRY_BYTES_LIMIT = 64 * 1024 ** 2;
/** Read at once. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** `entry`: its place, counted from 1. */
export type OpenableEntry = { readonly entry: number } & (
  | { readonly kind: 'entry'; open(signal: AbortSignal): Promise<Blob> }
  | { readonly kind: 'refused'; readonly because: ReasonCode }
);

/** Throws PartsError. */
export async function listEntries(
  file: ByteSource,
  form: FileForm,
  signal: AbortSignal,
): Promise<readonly OpenableEntry[]> {
  switch (form.kind) {
    case 'instance':
      return [ranged(file, { offset: 0, length: file.size }, 1)];
    case 'archive':
      return listArchived(file, signal);
    case 'association':
      return (await findTaken(file)).map((range, at) => ranged(file, range, at + 1));
    case 'parts':
      return (await findParts(file, form.boundary)).map(({ range, contentType }, at) =>
        isInstance(contentType) ? ranged(file, range, at + 1) : refusedUnread(at + 1, 'not-dicom'),
      );
    default:
      return form satisfies never;
  }
}

/** PS3.18 §10.5.1: each part has the media type of the request; some clients leave it out. */
const isInstance = (contentType: string): boolean =>
  contentType === '' || /^application\/(dicom|octet-stream)\s*(;|$)/i.test(contentType);

async function listArchived(file: ByteSource, signal: AbortSignal): Promise<readonly OpenableEntry[]> {
  const archives = createArchiveReader();
  return (await listArchive(file, signal)).map((found, at): OpenableEntry => {
    const entry = at + 1;
    if (found.kind === 'refused') return refusedUnread(entry, found.because);
    if (found.bytes > ENTRY_BYTES_LIMIT) return refusedUnread(entry, 'instance-too-large');
    return {
      kind: 'entry',
      entry,
      open: (until) => archives.openEntry('the only one', file, found.index, until),
    };
  });
}

export const refusedUnread = (entry: number, because: ReasonCode): OpenableEntry => ({
  kind: 'refused',
  entry,
  because,
});

function ranged(file: ByteSource, { offset, length }: ByteRange, entry: number): OpenableEntry {
  if (length > ENTRY_BYTES_LIMIT) return refusedUnread(entry, 'instance-too-large');
  return {
    kind: 'entry',
    entry,
    async open() {
      const pieces: Blob[] = [];
      for (let at = 0; at < length; at += PIECE_BYTES)
        pieces.push(new Blob([owned(await file.read(offset + at, Math.min(PIECE_BYTES, length - at)))]));
      return new Blob(pieces);
    },
  };
}

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
