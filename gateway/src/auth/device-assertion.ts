/**
 * Checks the signed assertion with which a device proves that it is the one that was enrolled (RFC 7523 §3, with the
 * device as issuer and subject). Pure: the clock and the key are parameters. Whether the assertion was used before is
 * checked elsewhere.
 */
import { decodeJwt, errors, importJWK, jwtVerify } from 'jose';
import type { PublicEcKey } from './device.store.ts';

/**
 * RFC 7523 §3: "may reject JWTs with an "exp" claim value that is unreasonably far in the future." The device signs
 * an assertion for each token.
 */
const ASSERTION_SECONDS = 300;
/** How far two correctly set clocks may differ. A device whose clock is wrong follows the gateway's `Date` header. */
export const CLOCK_TOLERANCE_SECONDS = 60;
/** Enough for a UUID or 256 random bits as text, with room to spare. */
const JTI_LENGTH_LIMIT = 128;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type AssertionCheck =
  | { readonly kind: 'holds'; readonly jti: string; readonly usableUntil: Date }
  /** The key signed it, but its time, audience or issuer is wrong. */
  | { readonly kind: 'untrue' }
  /** The assertion was signed by another key, or by none. */
  | { readonly kind: 'forged' };

/** The device that the assertion names, not yet verified; null if it names none. */
export function deviceNamedIn(assertion: string): string | null {
  try {
    const { iss, sub } = decodeJwt(assertion);
    return iss !== undefined && iss === sub && UUID.test(iss) ? iss : null;
  } catch {
    return null;
  }
}

/**
 * Checks the assertion of `deviceId` against its key. `audiences`: the names of this gateway. Never throws, whatever
 * a device sends.
 */
export async function checkAssertion(
  assertion: string,
  device: { readonly id: string; readonly publicKey: PublicEcKey },
  audiences: readonly string[],
  now: Date,
): Promise<AssertionCheck> {
  try {
    const { payload } = await jwtVerify(assertion, await importJWK(device.publicKey, 'ES256'), {
      algorithms: ['ES256'],
      issuer: device.id,
      subject: device.id,
      audience: [...audiences],
      currentDate: now,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'jti'],
    });
    const { exp = 0, jti = '' } = payload;
    const aheadSeconds = exp - now.getTime() / 1000;
    if (
      aheadSeconds > ASSERTION_SECONDS + CLOCK_TOLERANCE_SECONDS ||
      jti === '' ||
      jti.length > JTI_LENGTH_LIMIT
    )
      return { kind: 'untrue' };
    return { kind: 'holds', jti, usableUntil: new Date((exp + CLOCK_TOLERANCE_SECONDS) * 1000) };
  } catch (error) {
    // jose checks the claims after the signature, so a caller that gets "untrue" has the device's key.
    const isUntrue = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired;
    return { kind: isUntrue ? 'untrue' : 'forged' };
  }
}

/** Whether these are the coordinates of a point of P-256. A key that cannot verify a signature is not enrolled. */
export async function isUsableKey(key: PublicEcKey): Promise<boolean> {
  return importJWK(key, 'ES256').then(
    () => true,
    () => false,
  );
}
