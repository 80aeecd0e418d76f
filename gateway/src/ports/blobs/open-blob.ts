/** A blob that is read: in small parts here, as a stream in a thread. */
import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from '#shared/dicom/data-set.ts';
import { coveredBy, ENTRY_BYTES, RECORD_BYTES } from './blob-records.ts';
import type { BlobKey, OpenBlob } from './blobs.ts';
import type { Lend } from './lent-buffers.ts';
import { readPlain, startOf, toReadable, type BlobFile } from './read-records.ts';
import type { StreamBlob } from './stream-thread.ts';

export type BlobTools = { readonly lend: Lend; readonly stream: StreamBlob };

/** Whole files: the cipher text and all entries. */
export type OpenedFiles = { readonly id: string; readonly bytes: FileHandle; readonly entries: Buffer };

export async function openBlob(
  { id, bytes, entries }: OpenedFiles,
  key: BlobKey,
  { lend, stream }: BlobTools,
): Promise<OpenBlob> {
  const size = Math.min((await bytes.stat()).size, coveredSize(entries));
  const file = { id, size, firstRecord: 0, entries };
  const readable = toReadable(file, bytes, key, lend);
  const closed = new AbortController();
  let window = { offset: 0, bytes: new Uint8Array() as Uint8Array };
  return {
    size,
    async read(offset, length) {
      if (length > RECORD_BYTES) return readPlain(readable, offset, length);
      if (offset < window.offset || offset + length > window.offset + window.bytes.length) {
        // A small read keeps its whole record, for the next one is close by.
        const start = startOf(offset);
        const end = startOf(offset + length) + RECORD_BYTES;
        window = { offset: start, bytes: await readPlain(readable, start, end - start) };
      }
      return window.bytes.slice(offset - window.offset, offset - window.offset + length);
    },
    stream: (range, signal, wanted) =>
      stream(
        { file: partOf(file, range), descriptor: bytes.fd, key },
        { range, wanted },
        AbortSignal.any([signal, closed.signal]),
      ),
    async close() {
      // The system gives the number of the file to the next one that is opened.
      closed.abort();
      await bytes.close();
    },
  };
}

/** The blob with the entries of the range alone. Throws RangeError. */
function partOf(file: BlobFile, { offset, length }: ByteRange): BlobFile {
  if (offset + length > file.size) throw new RangeError('the range ends beyond the blob');
  const firstRecord = Math.floor(offset / RECORD_BYTES);
  const end = Math.ceil((offset + length) / RECORD_BYTES);
  return {
    ...file,
    firstRecord,
    // Memory of its own: a message has the whole of it.
    entries: new Uint8Array(file.entries.subarray(firstRecord * ENTRY_BYTES, end * ENTRY_BYTES)),
  };
}

function coveredSize(entries: Buffer): number {
  const whole = Math.floor(entries.length / ENTRY_BYTES);
  return whole === 0
    ? 0
    : (whole - 1) * RECORD_BYTES + coveredBy(entries.subarray((whole - 1) * ENTRY_BYTES));
}
