/**
 * Reads the records of a blob: no byte of one is given before its tag held. Throws BlobDamaged where one does not,
 * where bytes are missing, or where the disk cannot read them.
 */
import { createSecretKey, type Cipheriv, type KeyObject } from 'node:crypto';
import type { ByteRange } from '#shared/dicom/data-set.ts';
import { cipherAt } from './blob-cipher.ts';
import { createRecordTags, ENTRY_BYTES, RECORD_BYTES, type RecordTags } from './blob-records.ts';
import { BlobDamaged, type BlobKey } from './blobs.ts';
import { hasCode, readAt, type ReadableFile } from './file-bytes.ts';
import type { Lend } from './lent-buffers.ts';

/** Bytes that a stream reads at once: whole records. It holds twice as much, for a piece is made while one is taken. */
export const PIECE_BYTES = 16 * RECORD_BYTES;

/** Its cipher text, and the entries of its records from `firstRecord` on. */
export type BlobFile = {
  readonly id: string;
  readonly size: number;
  readonly firstRecord: number;
  readonly entries: Uint8Array;
};

export type Readable = {
  readonly file: BlobFile;
  readonly bytes: ReadableFile;
  readonly key: KeyObject;
  readonly tags: RecordTags;
  readonly lend: Lend;
};

/** `lend`: buffers of 1 MiB. */
export const toReadable = (file: BlobFile, bytes: ReadableFile, key: BlobKey, lend: Lend): Readable => ({
  ...{ file, bytes, lend },
  ...{ key: createSecretKey(key), tags: createRecordTags(key) },
});

/** Where its record begins. */
export const startOf = (offset: number): number => Math.floor(offset / RECORD_BYTES) * RECORD_BYTES;

/** Fewer bytes than asked for only at the end of the blob. */
export async function readPlain(blob: Readable, offset: number, length: number): Promise<Uint8Array> {
  const end = Math.min(offset + length, blob.file.size);
  if (end <= offset) return new Uint8Array();
  return readProven(blob, offset, end, cipherAt(blob.key, offset));
}

/** The bytes of a range in pieces of up to 1 MiB. */
export async function* piecesIn(
  blob: Readable,
  { offset, length }: ByteRange,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const cipher = cipherAt(blob.key, offset);
  for (let at = offset; at < offset + length; ) {
    signal.throwIfAborted();
    const end = Math.min(startOf(at) + PIECE_BYTES, offset + length);
    yield await readProven(blob, at, end, cipher);
    at = end;
  }
}

/** `cipher`: stands at `offset`. The cipher text goes back to be read into again. */
function readProven(blob: Readable, offset: number, end: number, cipher: Cipheriv): Promise<Uint8Array> {
  const { file, bytes, tags, lend } = blob;
  const start = startOf(offset);
  const wanted = Math.min(startOf(end - 1) + RECORD_BYTES, file.size) - start;
  return lend(wanted, async (buffer) => {
    const held = await readAt(bytes, buffer.subarray(0, wanted), start).catch((error: unknown) => {
      throw hasCode(error, 'EIO') ? new BlobDamaged(file.id, start, error) : error;
    });
    for (let at = 0; at < wanted; at += RECORD_BYTES) {
      const record = (start + at) / RECORD_BYTES;
      const entry = (record - file.firstRecord) * ENTRY_BYTES;
      const cipherText = held.subarray(at, at + RECORD_BYTES);
      if (!tags.hold(record, cipherText, file.entries.subarray(entry, entry + ENTRY_BYTES)))
        throw new BlobDamaged(file.id, start + at);
    }
    return plain(cipher, held.subarray(offset - start, end - start));
  });
}

/**
 * As a plain Uint8Array: a Buffer's `slice` shares its bytes, which readers of a ByteSource do not expect.
 */
function plain(cipher: Cipheriv, bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = cipher.update(bytes);
  return new Uint8Array(buffer, byteOffset, length);
}
