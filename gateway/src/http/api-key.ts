/**
 * The text of API keys: `rk_`, 24 random bytes and 8 bytes of a MAC over them. The gateway keeps only its SHA-256,
 * which is enough for what nobody can guess. The MAC lets a text that somebody made up be refused without a question
 * to the database.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type KeyTexts = {
  /** A new key. Shown once, and never kept. */
  make(): string;
  /** The digest under which a key of ours is known; null: this gateway made no such key. */
  read(text: string): string | null;
};

/** Told apart from a JWT, and found by programs that search for leaked secrets. */
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
