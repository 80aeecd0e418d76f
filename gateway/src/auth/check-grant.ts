/**
 * Checks a device's signature on a ticket (shared/src/transfer/stick-ticket.ts): that device made the promise for
 * this gateway, not too long ago. Pure: the clock and the key are parameters.
 */
import { decodeJwt, errors, importJWK, jwtVerify } from 'jose';
import { STICK_DAYS, STICK_GRANT_TYPE, stickAudience } from '#shared/protocol/stick-grant.ts';
import { CLOCK_TOLERANCE_SECONDS } from './device-assertion.ts';
import type { PublicEcKey } from './device.store.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const STICK_SECONDS = STICK_DAYS * 86_400;

export type Signed = {
  readonly ticketId: string;
  /** The gateway's key for which the ticket is encrypted. */
  readonly keyId: string;
  /** SHA-256 of the promise. */
  readonly digest: string;
};

/** The device that the signature names, not yet verified; null if it names none. */
export function deviceNamedIn(grant: string): string | null {
  try {
    const { iss } = decodeJwt(grant);
    return iss !== undefined && UUID.test(iss) ? iss : null;
  } catch {
    return null;
  }
}

/** Never throws, whatever the ticket contains. */
export async function checkGrant(
  grant: string,
  device: { readonly id: string; readonly publicKey: PublicEcKey },
  signed: Signed,
  now: Date,
): Promise<{ readonly signedAt: Date } | 'expired' | 'ahead' | 'forged'> {
  try {
    const { payload } = await jwtVerify(grant, await importJWK(device.publicKey, 'ES256'), {
      algorithms: ['ES256'],
      typ: STICK_GRANT_TYPE,
      issuer: device.id,
      audience: stickAudience(signed.keyId),
      currentDate: now,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      maxTokenAge: STICK_SECONDS,
      requiredClaims: ['iss', 'aud', 'iat', 'jti', 'digest'],
    });
    const isOfThis = payload.jti === signed.ticketId && payload.digest === signed.digest;
    return isOfThis ? { signedAt: new Date(payload.iat! * 1000) } : 'forged';
  } catch (error) {
    // jose checks the claims after the signature.
    if (error instanceof errors.JWTExpired) return 'expired';
    return isAhead(error) ? 'ahead' : 'forged';
  }
}

/** Whether `iat` is in the future, because the device's clock was ahead. */
function isAhead(error: unknown): boolean {
  return (
    error instanceof errors.JWTClaimValidationFailed &&
    error.claim === 'iat' &&
    error.reason === 'check_failed'
  );
}
