/**
 * The device's key pair for one account, and the assertions signed with it. The private key cannot be
 * exported.
 */
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { STICK_GRANT_TYPE, stickAudience } from '#shared/protocol/stick-grant.ts';
import type { KeptRight } from '../queue/rows/kept-rights.ts';

/**
 * The middle of the range that the gateway accepts (one minute ago to six minutes ahead), so that a clock may be off
 * by three minutes either way.
 */
const ASSERTION_SECONDS = 150;

export function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
}

export async function toPublicJwk(key: CryptoKey) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key);
  return { kty, crv, x, y };
}

/** A JWT for the gateway, valid for a few minutes (RFC 7523 §3). */
export function signAssertion(right: KeptRight, now: number, jti: string): Promise<string> {
  const { deviceId, audience } = right;
  const at = Math.floor(now / 1000);
  const claims = { iss: deviceId, sub: deviceId, aud: audience, iat: at, exp: at + ASSERTION_SECONDS, jti };
  return sign(right, 'JWT', claims);
}

/**
 * The signature in the ticket of a study on a stick (protocol/parcel.md, "A file for a stick"), which says that this
 * device promised the study. `digest`: SHA-256 of the promise, in hexadecimal. `keyId`: the gateway's key to which
 * the ticket is sealed.
 */
export function signGrant(
  right: KeptRight,
  now: number,
  { ticketId, keyId, digest }: { readonly ticketId: string; readonly keyId: string; readonly digest: string },
): Promise<string> {
  const iat = Math.floor(now / 1000);
  const claims = { iss: right.deviceId, aud: stickAudience(keyId), iat, jti: ticketId, digest };
  return sign(right, STICK_GRANT_TYPE, claims);
}

/**
 * Signs in compact form. WebCrypto's signature already has the form that JWS requires (RFC 7518 §3.4: R and S as
 * octets).
 */
async function sign({ keys }: KeptRight, typ: string, claims: object): Promise<string> {
  const encode = (value: unknown) => toBase64Url(new TextEncoder().encode(JSON.stringify(value)));
  const signed = `${encode({ alg: 'ES256', typ })}.${encode(claims)}`;
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    keys.privateKey,
    new TextEncoder().encode(signed),
  );
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}
