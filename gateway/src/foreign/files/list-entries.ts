/**
 * Lists the instances in a file: the file itself, the entries of an archive, the parts of a request's body, or the
 * instances of an association.
 */
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';
import { createArchiveReader, listArchive } from '#shared/ingest/archive.ts';
import type { HashedFile } from '#shared/ingest/ingest-file.ts';
import { joinBytes } from '#shared/transfer/instance-bytes.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { findTaken } from '../../pipeline/spool/association-marks.ts';
import type { FileForm } from '../../pipeline/stores/sent-file.store.ts';

/**
 * The largest entry. An entry is in memory several times over while it is opened. Larger instances must be sent by our
 * own client, which streams them.
 */
export const ENTRY_BYTES_LIMIT = 64 * 1024 ** 2;
/** The most bytes that are read at once. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** The fewest bytes that are read of an instance that is sent from the file. They contain most headers. */
const HEAD_BYTES = 16 * 1024;

/** A range of the file that is sent unchanged. */
export type PlacedFile = HashedFile & { readonly place: ByteRange };

/** `entry`: the position in the file, counted from 1. */
export type OpenableEntry = { readonly entry: number } & (
  | {
      readonly kind: 'entry';
      /** The bytes that are in memory while the entry is open: 0 if it stays in the file. */
      readonly bytes: number;
      open(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | PlacedFile>;
    }
  | { readonly kind: 'refused'; readonly because: ReasonCode }
);

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
      return form.parts.map(([offset, length, isInstance, digest], at) =>
        isInstance ? ranged(file, { offset, length }, at + 1, digest) : refusedUnread(at + 1, 'not-dicom'),
      );
    default:
      return form satisfies never;
  }
}

async function listArchived(file: ByteSource, signal: AbortSignal): Promise<readonly OpenableEntry[]> {
  const archives = createArchiveReader();
  return (await listArchive(file, signal)).map((found, at): OpenableEntry => {
    const entry = at + 1;
    if (found.kind === 'refused') return refusedUnread(entry, found.because);
    if (found.bytes > ENTRY_BYTES_LIMIT) return refusedUnread(entry, 'instance-too-large');
    return {
      kind: 'entry',
      entry,
      bytes: found.bytes,
      open: (until) => archives.readEntry('the only one', file, found.index, until),
    };
  });
}

export const refusedUnread = (entry: number, because: ReasonCode): OpenableEntry => ({
  kind: 'refused',
  entry,
  because,
});

function ranged(file: ByteSource, place: ByteRange, entry: number, digest?: string): OpenableEntry {
  const { offset, length } = place;
  if (length > ENTRY_BYTES_LIMIT) return refusedUnread(entry, 'instance-too-large');
  return {
    kind: 'entry',
    entry,
    bytes: digest === undefined ? length : 0,
    async open() {
      if (digest !== undefined) return { ...inSteps(file, place), digest, place };
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < length; at += PIECE_BYTES)
        pieces.push(await file.read(offset + at, Math.min(PIECE_BYTES, length - at)));
      return pieces.length === 1 ? owned(pieces[0]!) : joinBytes(pieces);
    },
  };
}

/** Reads ahead, because each read of the file costs a message. */
function inSteps(file: ByteSource, { offset, length }: ByteRange): ByteSource {
  let held = { from: 0, bytes: new Uint8Array() as Uint8Array };
  return {
    size: length,
    async read(from, wanted) {
      const many = Math.max(0, Math.min(wanted, length - from));
      if (from < held.from || from + many > held.from + held.bytes.length) {
        const step = Math.min(Math.max(many, HEAD_BYTES), length - from);
        held = { from, bytes: await file.read(offset + from, step) };
      }
      return held.bytes.subarray(from - held.from, from - held.from + many);
    },
  };
}

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
