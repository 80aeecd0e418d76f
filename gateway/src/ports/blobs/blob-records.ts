/**
 * Proves that a blob's bytes are the ones that were written: each record of 64 KiB has a tag over its cipher text, its
 * number and its length. The tag is a GMAC (NIST SP 800-38D: AES-256-GCM that encrypts only the number and the length)
 * under a key of its own. Its nonce is random each time, because the last record is tagged again whenever it grows.
 *
 * The tags are stored beside the bytes, so the bytes keep their places and are never written twice. An entry of 32
 * bytes says how much of its record it covers. Bytes that no entry covers were never counted: after a kill between the
 * two writes they are treated as missing.
 */
import {
  createCipheriv,
  createSecretKey,
  hkdfSync,
  randomFillSync,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import type { BlobKey } from './blobs.ts';

/**
 * Smaller records cost more tags (5 µs each); larger ones make a small read read more, and a header is read in steps of
 * a few bytes.
 */
export const RECORD_BYTES = 64 * 1024;
/** Length (4), nonce (12), tag (16). A power of two, so that no entry crosses a page boundary of the disk. */
export const ENTRY_BYTES = 32;

const LENGTH_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
/** The record's number (8) and its length (8), encrypted as the plain text. */
const SAID_BYTES = 16;

export type RecordTags = {
  /** Makes the entry of a record. `cipherText`: all of the record that exists. */
  make(record: number, cipherText: Uint8Array): Uint8Array;
  /** Whether these bytes are exactly the record's. */
  hold(record: number, cipherText: Uint8Array, entry: Uint8Array): boolean;
};

export function createRecordTags(blobKey: BlobKey): RecordTags {
  const key = createSecretKey(
    new Uint8Array(hkdfSync('sha256', blobKey, new Uint8Array(), 'relaypacs blob tags', KEY_BYTES)),
  );
  return {
    make(record, cipherText) {
      const entry = new Uint8Array(ENTRY_BYTES);
      new DataView(entry.buffer).setUint32(0, cipherText.length);
      const nonce = randomFillSync(entry.subarray(LENGTH_BYTES, LENGTH_BYTES + NONCE_BYTES));
      entry.set(tagOf(key, nonce, record, cipherText), LENGTH_BYTES + NONCE_BYTES);
      return entry;
    },
    hold(record, cipherText, entry) {
      if (entry.length < ENTRY_BYTES || lengthIn(entry) !== cipherText.length) return false;
      const nonce = entry.subarray(LENGTH_BYTES, LENGTH_BYTES + NONCE_BYTES);
      const tag = entry.subarray(LENGTH_BYTES + NONCE_BYTES, ENTRY_BYTES);
      return timingSafeEqual(tag, tagOf(key, nonce, record, cipherText));
    },
  };
}

const lengthIn = (entry: Uint8Array): number => new DataView(entry.buffer, entry.byteOffset).getUint32(0);

/** How many bytes of its record an entry covers, if the entry is valid; 0 for an incomplete entry. */
export function coveredBy(entry: Uint8Array): number {
  return entry.length < ENTRY_BYTES ? 0 : Math.min(lengthIn(entry), RECORD_BYTES);
}

function tagOf(key: KeyObject, nonce: Uint8Array, record: number, cipherText: Uint8Array): Uint8Array {
  const said = new Uint8Array(SAID_BYTES);
  const view = new DataView(said.buffer);
  view.setBigUint64(0, BigInt(record));
  view.setBigUint64(8, BigInt(cipherText.length));
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(cipherText);
  cipher.update(said);
  cipher.final();
  return cipher.getAuthTag();
}
