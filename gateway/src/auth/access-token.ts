/**
 * Access tokens: JWTs as RFC 9068 profiles them, signed with Ed25519 (RFC 8037), good for ten minutes. The
 * only place that makes or reads one. Whether the account still may do anything is asked of the database by
 * `authenticate`, not read from the token.
 *
 * A retired key counts only as long as what it signed may live, so a leaked one is worthless ten minutes after
 * it was replaced.
 *
 * A token without `scope` is a session's. One of scope `upload` also names its device, and serves only routes
 * that say so.
 */
import { decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { ReadToken, TokenSubject } from '../http/authenticate.ts';
import type { SigningKey, TokenKey } from '../keys.ts';

/**
 * Seconds. Shorter, and a slow upload asks for tokens all the time; longer, and a stolen one serves too long.
 */
export const ACCESS_TOKEN_SECONDS = 600;
/**
 * RFC 9068 §2.1: "It is RECOMMENDED that the "application/" prefix be omitted. Therefore, the "typ" value
 * used SHOULD be "at+jwt"."
 */
const TYPE = 'at+jwt';
/**
 * RFC 9068 §2.2 asks for a `client_id`: there is one client, the app (and the command line, which is its
 * twin).
 */
const CLIENT_ID = 'relaypacs';
/** RFC 9068 §2.2.3: what a device's token is good for. */
const UPLOAD_SCOPE = 'upload';

export type AccessTokens = {
  sign(subject: TokenSubject): Promise<string>;
  /** The owner, or null where the token is not ours or has expired. */
  read(token: string): Promise<ReadToken | null>;
};

type AccessTokenTools = {
  /** The present one: another gateway may have replaced the pair since this one started. */
  readonly signingKey: () => SigningKey;
  /** Any of ours, also one that another gateway signs with; `retiredAt`: when another took its place. */
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

/** A retired key has signed nothing that still holds: a signature of it now is not ours. */
function hasOutlived({ retiredAt }: TokenKey, now: Date): boolean {
  return retiredAt !== null && now.getTime() >= retiredAt.getTime() + ACCESS_TOKEN_SECONDS * 1000;
}

/** We sign for ten minutes from now; a longer life, or one that has not begun, was not given by us. */
function livesAsOurs({ iat = 0, exp = 0 }: JWTPayload, now: Date): boolean {
  const aheadSeconds = exp - now.getTime() / 1000;
  return exp - iat <= ACCESS_TOKEN_SECONDS && aheadSeconds <= ACCESS_TOKEN_SECONDS + CLOCK_TOLERANCE_SECONDS;
}

/**
 * A scope that we do not know, or one without its device, gives no right at all: least of all that of a
 * session.
 */
function subjectOf({ sub, exp = 0, epoch, scope, device }: JWTPayload): ReadToken | null {
  if (typeof sub !== 'string' || typeof epoch !== 'number') return null;
  const read = { accountId: sub, epoch, expiresAt: new Date(exp * 1000) };
  if (scope === undefined && device === undefined) return { ...read, deviceId: null };
  return scope === UPLOAD_SCOPE && typeof device === 'string' ? { ...read, deviceId: device } : null;
}
