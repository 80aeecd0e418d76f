/**
 * The contents of a LevelDB file, for a search in a browser's profile: the blocks of a table (`.ldb`)
 * unpacked from Snappy, and the records of a log put together again where they were cut at the 32 KiB of a
 * log's blocks. Deleted and overwritten values are in there too: that is the point.
 *
 * Format: LevelDB's doc/table_format.md and doc/log_format.md. Damaged parts are left out; the raw file is
 * also searched.
 */
import { uncompress } from 'snappyjs';

const FOOTER_BYTES = 48;
/** The last eight bytes of every table. */
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
const BLOCK_TRAILER_BYTES = 5;
const SNAPPY = 1;
const LOG_BLOCK_BYTES = 32 * 1024;
const LOG_HEADER_BYTES = 7;
/** Far above any block that Chromium writes. */
const UNPACKED_LIMIT = 256 * 1024 * 1024;

type Handle = { readonly offset: number; readonly size: number };

/** A varint32/64 of at most 53 bits; null at the end of the bytes. */
function readVarint(bytes: Buffer, at: number): { value: number; next: number } | null {
  let value = 0;
  for (let shift = 1, next = at; next < bytes.length && next < at + 8; shift *= 128) {
    const byte = bytes[next]!;
    next += 1;
    value += (byte & 0x7f) * shift;
    if (byte < 0x80) return { value, next };
  }
  return null;
}

function readHandle(bytes: Buffer, at: number): Handle | null {
  const offset = readVarint(bytes, at);
  const size = offset && readVarint(bytes, offset.next);
  return offset && size ? { offset: offset.value, size: size.value } : null;
}

function readBlock(file: Buffer, { offset, size }: Handle): Buffer | null {
  if (offset + size + BLOCK_TRAILER_BYTES > file.length) return null;
  const content = file.subarray(offset, offset + size);
  return file[offset + size] === SNAPPY ? unpackSnappy(content) : content;
}

/** Null where it is not Snappy. */
export function unpackSnappy(bytes: Uint8Array): Buffer | null {
  try {
    return Buffer.from(uncompress(bytes, UNPACKED_LIMIT));
  } catch {
    return null;
  }
}

/**
 * The entries of a block with their shared prefixes put back: a key is written once and then only where it
 * differs.
 */
function* entriesOf(block: Buffer): Generator<{ key: Buffer; value: Buffer }> {
  const restarts = block.length >= 4 ? block.readUInt32LE(block.length - 4) : 0;
  const end = block.length - 4 - restarts * 4;
  let key = Buffer.alloc(0);
  for (let at = 0; at < end; ) {
    const shared = readVarint(block, at);
    const own = shared && readVarint(block, shared.next);
    const length = own && readVarint(block, own.next);
    if (!shared || !own || !length || length.next + own.value + length.value > end) return;
    key = Buffer.concat([
      key.subarray(0, shared.value),
      block.subarray(length.next, length.next + own.value),
    ]);
    const start = length.next + own.value;
    yield { key, value: block.subarray(start, start + length.value) };
    at = start + length.value;
  }
}

/** Every key and value of a table; empty if the bytes are not a table. */
export function* tableContents(file: Buffer): Generator<Buffer> {
  if (file.length < FOOTER_BYTES || !file.subarray(-MAGIC.length).equals(MAGIC)) return;
  const footer = file.subarray(-FOOTER_BYTES);
  const metaIndex = readVarint(footer, readVarint(footer, 0)?.next ?? 0);
  const indexHandle = metaIndex && readHandle(footer, metaIndex.next);
  const index = indexHandle && readBlock(file, indexHandle);
  if (!index) return;
  for (const { value: handle } of entriesOf(index)) {
    const where = readHandle(handle, 0);
    const block = where && readBlock(file, where);
    if (!block) continue;
    for (const { key, value } of entriesOf(block)) yield Buffer.concat([key, value]);
  }
}

/**
 * The records of a log, each whole. A log of another program gives nonsense, which harms nobody: it is only
 * searched.
 */
export function logContents(file: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let block = 0; block < file.length; block += LOG_BLOCK_BYTES) {
    const end = Math.min(file.length, block + LOG_BLOCK_BYTES);
    for (let at = block; at + LOG_HEADER_BYTES <= end; ) {
      const length = file.readUInt16LE(at + 4);
      const type = file[at + 6]!;
      if (type < 1 || type > 4 || at + LOG_HEADER_BYTES + length > end) break;
      pieces.push(file.subarray(at + LOG_HEADER_BYTES, at + LOG_HEADER_BYTES + length));
      at += LOG_HEADER_BYTES + length;
    }
  }
  return Buffer.concat(pieces);
}
