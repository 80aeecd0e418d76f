/**
 * The key of a study: 32 random bytes under which its parcels lie on the disk, kept in the database only wrapped by the gateway's own
 * key. When it is destroyed (`wrapped_key` set to null) every copy of the study's bytes is gone with it, also the ones in a backup.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export type StudyKeys = {
  /** A new key for the study, wrapped. */
  create(studyId: string): Uint8Array;
  /** Null where `wrapped` is not of this study or this gateway: what lies under it cannot be had back, and is sent again. */
  unwrap(studyId: string, wrapped: Uint8Array): Uint8Array | null;
};

/** AES-256-GCM (NIST SP 800-38D) with the study's id as associated data: a wrapped key opens for its own study only. */
export function createStudyKeys(wrapKey: Uint8Array): StudyKeys {
  return {
    create(studyId) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', wrapKey, nonce).setAAD(Buffer.from(studyId));
      return Buffer.concat([nonce, cipher.update(randomBytes(KEY_BYTES)), cipher.final(), cipher.getAuthTag()]);
    },
    unwrap(studyId, wrapped) {
      const nonce = wrapped.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', wrapKey, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(studyId));
      decipher.setAuthTag(wrapped.subarray(wrapped.length - TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES, wrapped.length - TAG_BYTES)), decipher.final()]);
      } catch {
        return null;
      }
    },
  };
}
