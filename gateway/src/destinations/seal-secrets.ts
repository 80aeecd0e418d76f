/**
 * Encrypts the secrets of a destination for the database: AES-256-GCM (NIST SP 800-38D) under a key derived for this
 * purpose alone. A sealed secret can only be opened for its own destination.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';

const secretsSchema = z.object({
  authorization: z.string().optional(),
  password: z.string().optional(),
  token: z.string().optional(),
  clientSecret: z.string().optional(),
  /** PEM. */
  key: z.string().optional(),
});
export type Secrets = z.infer<typeof secretsSchema>;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export type SecretSeal = {
  seal(destinationId: string, secrets: Secrets): Uint8Array;
  /** Null: the secrets were sealed under another key, or for another destination. */
  open(destinationId: string, sealed: Uint8Array): Secrets | null;
};

/** `key`: 32 bytes. */
export function createSecretSeal(key: Uint8Array): SecretSeal {
  return {
    seal(destinationId, secrets) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(destinationId));
      const text = cipher.update(JSON.stringify(secrets), 'utf8');
      return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
    },
    open(destinationId, sealed) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        }).setAAD(Buffer.from(destinationId));
        decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
        const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
        return secretsSchema.parse(JSON.parse(Buffer.concat([text, decipher.final()]).toString('utf8')));
      } catch {
        return null;
      }
    },
  };
}
