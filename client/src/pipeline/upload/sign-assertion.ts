/**
 * The device's key pair for one account, and the assertions signed with it. The private key cannot be
 * exported.
 */
import { toBase64Url } from '#shared/transfer/base64url.ts';
import type { KeptRight } from '../queue/rows/kept-rights.ts';

/**
 * In the middle of the range that the gateway accepts (one minute ago to six minutes ahead), so that a clock
 * may be off by three minutes either way.
 */
const ASSERTION_SECONDS = 150;

export function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
}

export async function toPublicJwk(key: CryptoKey) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key);
  return { kty, crv, x, y };
}

/**
 * A JWT (RFC 7523 §3) in compact form; WebCrypto's signature already has the form required by JWS (RFC 7518
 * §3.4: R and S as octets).
 */
export async function signAssertion(
  { keys, deviceId, audience }: KeptRight,
  now: number,
  jti: string,
): Promise<string> {
  const encode = (value: unknown) => toBase64Url(new TextEncoder().encode(JSON.stringify(value)));
  const at = Math.floor(now / 1000);
  const claims = { iss: deviceId, sub: deviceId, aud: audience, iat: at, exp: at + ASSERTION_SECONDS, jti };
  const signed = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}`;
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    keys.privateKey,
    new TextEncoder().encode(signed),
  );
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}
