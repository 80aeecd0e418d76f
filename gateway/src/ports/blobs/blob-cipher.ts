/**
 * The encryption of a blob: AES-256 in counter mode (NIST SP 800-38A §6.5), because its bytes are read and written at
 * any offset. It only hides the bytes; the tags of blob-records.ts authenticate them.
 *
 * [Note: one key a blob] The counter starts at 0 in every blob, so no two blobs may share a key: the key is derived
 * (HKDF, RFC 5869) from the study's key and the blob's name. A piece that arrived damaged is written again under the
 * same counter; somebody who saw the disk at both times learns where the damage was, and nothing else.
 */
import {
  createCipheriv,
  createDecipheriv,
  hkdfSync,
  randomBytes,
  type Cipheriv,
  type KeyObject,
} from 'node:crypto';
import type { BlobKey } from './blobs.ts';

const KEY_BYTES = 32;
const BLOCK_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The key of one parcel. `studyKey`: 32 random bytes, destroyed with the study. All its parcels' keys are lost with it.
 */
export function parcelKey(studyKey: Uint8Array, parcelId: string): BlobKey {
  return new Uint8Array(
    hkdfSync('sha256', studyKey, new Uint8Array(), `relaypacs parcel ${parcelId}`, KEY_BYTES),
  );
}

/**
 * A cipher whose next byte is byte `offset` of the blob. In counter mode encrypting and decrypting are the same. `key`:
 * made once for a blob, because importing bare key bytes takes Node longer than encrypting a page.
 */
export function cipherAt(key: KeyObject, offset: number): Cipheriv {
  const counter = new Uint8Array(BLOCK_BYTES);
  new DataView(counter.buffer).setBigUint64(BLOCK_BYTES - 8, BigInt(Math.floor(offset / BLOCK_BYTES)));
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  cipher.update(new Uint8Array(offset % BLOCK_BYTES));
  return cipher;
}

/**
 * Encrypts the key of a blob under the key of another: AES-256-GCM (NIST SP 800-38D), with the nonce before it and the
 * tag after it.
 */
export function sealKey(by: BlobKey, key: BlobKey): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(by), nonce, { authTagLength: TAG_BYTES });
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

/** Null: it was sealed with another key, or is not complete. */
export function openKey(by: BlobKey, sealed: Uint8Array): BlobKey | null {
  if (sealed.length !== NONCE_BYTES + KEY_BYTES + TAG_BYTES) return null;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(by), nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const key = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([key, decipher.final()]);
  } catch {
    return null;
  }
}

const sealingKey = (by: BlobKey): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', by, new Uint8Array(), 'relaypacs blob key', KEY_BYTES));
