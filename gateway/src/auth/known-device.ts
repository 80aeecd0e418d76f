/**
 * Recognizes browsers in which an account has signed in before (OWASP, Slow Down Online Guessing Attacks with Device
 * Cookies). Their attempts are counted separately. A stranger who tries somebody's name, even from the same address,
 * therefore uses up only the attempts of strangers and locks nobody out. The cookie proves nothing else: its holder
 * still needs the password.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type KnownDevices = {
  /** A text for the browser to keep after the account has signed in there: `nonce.mac`, both in base64url. */
  issue(accountId: string): string;
  /** The nonce in the text that a browser has kept for this account; null if we did not issue the text. */
  read(accountId: string, shown: string | undefined): string | null;
};

const NONCE_BYTES = 16;

/** `secret`: 32 bytes, the same in every gateway of this system. */
export function createKnownDevices(secret: Uint8Array): KnownDevices {
  const macOf = (accountId: string, nonce: string): Buffer =>
    createHmac('sha256', secret).update(`${accountId} ${nonce}`).digest();
  return {
    issue(accountId) {
      const nonce = randomBytes(NONCE_BYTES).toString('base64url');
      return `${nonce}.${macOf(accountId, nonce).toString('base64url')}`;
    },
    read(accountId, shown) {
      const [nonce = '', mac = ''] = (shown ?? '').split('.');
      const expected = macOf(accountId, nonce);
      const given = Buffer.from(mac, 'base64url');
      return given.length === expected.length && timingSafeEqual(given, expected) ? nonce : null;
    },
  };
}
