/**
 * Makes and reads access tokens, which no other module does. They are JWTs as RFC 9068 profiles them, signed with
 * Ed25519 (RFC 8037) and valid for ten minutes. Whether the account still has its rights is not in the token:
 * `authenticate` asks the database.
 *
 * A retired key is accepted only until the tokens that it signed have expired, so a leaked key is worthless ten
 * minutes after it was replaced.
 *
 * A token without `scope` belongs to a session. A token with scope `upload` also names its device, and is accepted
 * only by routes that say so.
 */
import { decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { ReadToken, TokenSubject } from '../http/authenticate.ts';
import type { SigningKey, TokenKey } from '../keys.ts';

/**
 * Seconds. With a shorter life, a slow upload would ask for tokens all the time; with a longer one, a stolen token
 * would be useful for too long.
 */
export const ACCESS_TOKEN_SECONDS = 600;
/**
 * RFC 9068 §2.1: "It is RECOMMENDED that the "application/" prefix be omitted. Therefore, the "typ" value
 * used SHOULD be "at+jwt"."
 */
const TYPE = 'at+jwt';
/** RFC 9068 §2.2 asks for a `client_id`. There is one client: the app. The command line acts as the same client. */
const CLIENT_ID = 'relaypacs';
/** RFC 9068 §2.2.3: the scope of a device's token. */
const UPLOAD_SCOPE = 'upload';

export type AccessTokens = {
  sign(subject: TokenSubject): Promise<string>;
  /** The owner of the token; null if the gateway did not sign it or it has expired. */
  read(token: string): Promise<ReadToken | null>;
};

type AccessTokenTools = {
  /** The current key, which another gateway may have replaced since this one started. */
  readonly signingKey: () => SigningKey;
  /**
   * Any key of this system, including one with which another gateway signs. `retiredAt`: when the key was replaced.
   */
  readonly keyOf: (kid: string) => TokenKey | undefined;
  readonly issuer: string;
  readonly now: () => Date;
  readonly newId: () => string;
};

/** How far the clocks of two gateways on one database may differ. */
const CLOCK_TOLERANCE_SECONDS = 60;

export function createAccessTokens(tools: AccessTokenTools): AccessTokens {
  const { signingKey, keyOf, issuer, now, newId } = tools;
  return {
    sign({ accountId, epoch, deviceId }) {
      const key = signingKey();
      const issuedAt = Math.floor(now().getTime() / 1000);
      return new SignJWT({
        client_id: CLIENT_ID,
        epoch,
        ...(deviceId === null ? {} : { scope: UPLOAD_SCOPE, device: deviceId }),
      })
        .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid: key.kid })
        .setIssuer(issuer)
        .setAudience(issuer)
        .setSubject(accountId)
        .setJti(newId())
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
        .sign(key.privateKey);
    },
    async read(token) {
      try {
        const signedWith = keyOf(decodeProtectedHeader(token).kid ?? '');
        if (signedWith === undefined || hasOutlived(signedWith, now())) return null;
        const { payload } = await jwtVerify(token, signedWith.publicKey, {
          algorithms: ['EdDSA'],
          typ: TYPE,
          issuer,
          audience: issuer,
          currentDate: now(),
          requiredClaims: ['sub', 'iat', 'exp', 'jti'],
        });
        return livesAsOurs(payload, now()) ? subjectOf(payload) : null;
      } catch {
        return null;
      }
    },
  };
}

/**
 * Whether the key was retired so long ago that all tokens it signed have expired. A token that is signed with it and
 * still claims to be valid is not ours.
 */
function hasOutlived({ retiredAt }: TokenKey, now: Date): boolean {
  return retiredAt !== null && now.getTime() >= retiredAt.getTime() + ACCESS_TOKEN_SECONDS * 1000;
}

/**
 * Whether the lifetime is one that we give: ten minutes from now at most. We did not sign a token that lives longer
 * or begins in the future.
 */
function livesAsOurs({ iat = 0, exp = 0 }: JWTPayload, now: Date): boolean {
  const aheadSeconds = exp - now.getTime() / 1000;
  return exp - iat <= ACCESS_TOKEN_SECONDS && aheadSeconds <= ACCESS_TOKEN_SECONDS + CLOCK_TOLERANCE_SECONDS;
}

/**
 * An unknown scope, or a scope without its device, gives no right at all, and certainly not the rights of a session.
 */
function subjectOf({ sub, exp = 0, epoch, scope, device }: JWTPayload): ReadToken | null {
  if (typeof sub !== 'string' || typeof epoch !== 'number') return null;
  const read = { accountId: sub, epoch, expiresAt: new Date(exp * 1000) };
  if (scope === undefined && device === undefined) return { ...read, deviceId: null };
  return scope === UPLOAD_SCOPE && typeof device === 'string' ? { ...read, deviceId: device } : null;
}
