/**
 * The format of API keys: `rk_`, 24 random bytes and 8 bytes of a MAC over them. The gateway stores only the SHA-256,
 * which is enough for a text that nobody can guess. The MAC lets a made-up key be refused without a query to the
 * database.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type KeyTexts = {
  /** Makes a new key. It is shown once and never stored. */
  make(): string;
  /** The digest under which a key is stored; null: this gateway made no such key. */
  read(text: string): string | null;
};

/** Tells a key from a JWT, and lets scanners for leaked secrets find it. */
const PREFIX = 'rk_';
const RANDOM_BYTES = 24;
const MAC_BYTES = 8;
const TEXT = /^rk_([A-Za-z0-9_-]{43})$/;

/** `secret`: 32 bytes, the same in every gateway of this system. */
export function createKeyTexts(secret: Uint8Array): KeyTexts {
  const macOf = (random: Uint8Array): Buffer =>
    createHmac('sha256', secret).update(random).digest().subarray(0, MAC_BYTES);
  return {
    make() {
      const random = randomBytes(RANDOM_BYTES);
      return PREFIX + Buffer.concat([random, macOf(random)]).toString('base64url');
    },
    read(text) {
      const bytes = Buffer.from(TEXT.exec(text)?.[1] ?? '', 'base64url');
      if (bytes.length !== RANDOM_BYTES + MAC_BYTES) return null;
      const isOurs = timingSafeEqual(macOf(bytes.subarray(0, RANDOM_BYTES)), bytes.subarray(RANDOM_BYTES));
      return isOurs ? digestOfKey(text) : null;
    },
  };
}

export function isKeyText(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** SHA-256, hexadecimal. */
export function digestOfKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
