/**
 * The encryption of a blob: AES-256 in counter mode (NIST SP 800-38A §6.5), because its bytes are read and
 * written at any offset. It hides; the tags of blob-records.ts prove.
 *
 * [Note: one key a blob] The counter starts at 0 in every blob, so no two blobs may share a key: the key is
 * derived (HKDF, RFC 5869) from the study's key and the blob's name. A piece that arrived damaged is written
 * again under the same counter; somebody who saw the disk at both times learns where the damage was, and
 * nothing else.
 */
import { createCipheriv, hkdfSync, type Cipheriv, type KeyObject } from 'node:crypto';
import type { BlobKey } from './blobs.ts';

const KEY_BYTES = 32;
const BLOCK_BYTES = 16;

/**
 * The key of one parcel. `studyKey`: 32 random bytes; destroyed with the study, it takes all its parcels'
 * keys along.
 */
export function parcelKey(studyKey: Uint8Array, parcelId: string): BlobKey {
  return new Uint8Array(
    hkdfSync('sha256', studyKey, new Uint8Array(), `relaypacs parcel ${parcelId}`, KEY_BYTES),
  );
}

/**
 * A cipher whose next byte is byte `offset` of the blob. In counter mode encrypting and decrypting are the
 * same. `key`: made once for a blob, for Node takes longer to look at bare bytes than to encrypt a page of
 * them.
 */
export function cipherAt(key: KeyObject, offset: number): Cipheriv {
  const counter = new Uint8Array(BLOCK_BYTES);
  new DataView(counter.buffer).setBigUint64(BLOCK_BYTES - 8, BigInt(Math.floor(offset / BLOCK_BYTES)));
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  cipher.update(new Uint8Array(offset % BLOCK_BYTES));
  return cipher;
}
