/**
 * Reads a blob record by record. No byte of a record is given out before its tag was verified. Throws BlobDamaged where
 * a tag is wrong, where bytes are missing, or where the disk cannot read them.
 */
import { createSecretKey, type Cipheriv, type KeyObject } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { cipherAt } from './blob-cipher.ts';
import { coveredBy, createRecordTags, ENTRY_BYTES, RECORD_BYTES, type RecordTags } from './blob-records.ts';
import { BlobDamaged, type BlobKey, type OpenBlob } from './blobs.ts';
import { hasCode, readAt } from './file-bytes.ts';
import type { Lend } from './lent-buffers.ts';

/** Bytes that a stream reads at once, in whole records. */
const PIECE_BYTES = 16 * RECORD_BYTES;

/** The blob's cipher text, and the entries of its records. */
type BlobFile = { readonly id: string; readonly bytes: FileHandle; readonly entries: Buffer };

type Opened = BlobFile & {
  readonly size: number;
  readonly key: KeyObject;
  readonly tags: RecordTags;
  readonly lend: Lend;
};

/** `lend`: buffers of 1 MiB. */
export async function openBlob(file: BlobFile, key: BlobKey, lend: Lend): Promise<OpenBlob> {
  const opened: Opened = {
    ...file,
    size: Math.min((await file.bytes.stat()).size, coveredSize(file.entries)),
    key: createSecretKey(key),
    tags: createRecordTags(key),
    lend,
  };
  let window = { offset: 0, bytes: new Uint8Array() as Uint8Array };
  return {
    size: opened.size,
    async read(offset, length) {
      if (length > RECORD_BYTES) return readPlain(opened, offset, length);
      if (offset < window.offset || offset + length > window.offset + window.bytes.length) {
        // A small read keeps its whole record, because the next read is probably close by.
        const start = startOf(offset);
        const end = startOf(offset + length) + RECORD_BYTES;
        window = { offset: start, bytes: await readPlain(opened, start, end - start) };
      }
      return window.bytes.slice(offset - window.offset, offset - window.offset + length);
    },
    stream: (range, signal) => streamPlain(opened, range, signal),
    close: () => file.bytes.close(),
  };
}

function coveredSize(entries: Buffer): number {
  const whole = Math.floor(entries.length / ENTRY_BYTES);
  return whole === 0
    ? 0
    : (whole - 1) * RECORD_BYTES + coveredBy(entries.subarray((whole - 1) * ENTRY_BYTES));
}

const startOf = (offset: number): number => Math.floor(offset / RECORD_BYTES) * RECORD_BYTES;

/** Returns fewer bytes than asked for only at the end of the blob. */
async function readPlain(opened: Opened, offset: number, length: number): Promise<Uint8Array> {
  const end = Math.min(offset + length, opened.size);
  if (end <= offset) return new Uint8Array();
  return readProven(opened, offset, end, cipherAt(opened.key, offset));
}

async function* streamPlain(
  opened: Opened,
  { offset, length }: { readonly offset: number; readonly length: number },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (offset + length > opened.size) throw new RangeError('the range ends beyond the blob');
  const cipher = cipherAt(opened.key, offset);
  for (let at = offset; at < offset + length; ) {
    signal.throwIfAborted();
    const end = Math.min(startOf(at) + PIECE_BYTES, offset + length);
    yield await readProven(opened, at, end, cipher);
    at = end;
  }
}

/** `cipher`: positioned at `offset`. The buffer of the cipher text is reused afterwards. */
function readProven(opened: Opened, offset: number, end: number, cipher: Cipheriv): Promise<Uint8Array> {
  const { id, bytes, entries, size, tags, lend } = opened;
  const start = startOf(offset);
  const wanted = Math.min(startOf(end - 1) + RECORD_BYTES, size) - start;
  return lend(wanted, async (buffer) => {
    const held = await readAt(bytes, buffer.subarray(0, wanted), start).catch((error: unknown) => {
      throw hasCode(error, 'EIO') ? new BlobDamaged(id, start, error) : error;
    });
    for (let at = 0; at < wanted; at += RECORD_BYTES) {
      const record = (start + at) / RECORD_BYTES;
      const entry = entries.subarray(record * ENTRY_BYTES, (record + 1) * ENTRY_BYTES);
      if (!tags.hold(record, held.subarray(at, at + RECORD_BYTES), entry))
        throw new BlobDamaged(id, start + at);
    }
    return plain(cipher, held.subarray(offset - start, end - start));
  });
}

/** Makes a plain Uint8Array: a Buffer's `slice` shares its bytes, which readers of a ByteSource do not expect. */
function plain(cipher: Cipheriv, bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = cipher.update(bytes);
  return new Uint8Array(buffer, byteOffset, length);
}
