/**
 * Encrypts a radiologist's reason, which is free text about a patient. It is stored encrypted with AES-256-GCM (NIST
 * SP 800-38D), under a key that is derived from the gateway's own for this purpose alone. It can be decrypted only
 * for the result to which it belongs.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export type ReasonSeal = {
  seal(resultId: string, reason: string): Uint8Array;
  /** Null: the reason was encrypted under another key, or for another result. */
  open(resultId: string, sealed: Uint8Array): string | null;
};

export function createReasonSeal(wrapKey: Uint8Array): ReasonSeal {
  const key = new Uint8Array(
    hkdfSync('sha256', wrapKey, new Uint8Array(), 'relaypacs reasons of verifications', 32),
  );
  return {
    seal(resultId, reason) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(resultId));
      return Buffer.concat([nonce, cipher.update(reason, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    open(resultId, sealed) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        }).setAAD(Buffer.from(resultId));
        decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
        return Buffer.concat([
          decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)),
          decipher.final(),
        ]).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}
