/**
 * Access tokens: JWTs as RFC 9068 profiles them, signed with Ed25519 (RFC 8037), good for ten minutes. The
 * only place that makes or reads one. Whether the account still may do anything is asked of the database by
 * `authenticate`, not read from the token.
 *
 * A token without `scope` is a session's. One of scope `upload` also names its device, and serves only routes
 * that say so.
 */
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import type { SigningKey } from '../keys.ts';

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

/** The token's owner; `deviceId` null: a person who is signed in. */
export type TokenSubject = { readonly accountId: string; readonly deviceId: string | null };

export type AccessTokens = {
  sign(subject: TokenSubject): Promise<string>;
  /** The owner, or null where the token is not ours or has expired. */
  read(token: string): Promise<TokenSubject | null>;
};

export type AccessTokenTools = {
  readonly key: SigningKey;
  /** Any of ours, also one that another gateway signs with. */
  readonly keyOf: (kid: string) => SigningKey | undefined;
  readonly issuer: string;
  readonly now: () => Date;
  readonly newId: () => string;
};

export function createAccessTokens({ key, keyOf, issuer, now, newId }: AccessTokenTools): AccessTokens {
  return {
    sign({ accountId, deviceId }) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      return new SignJWT({
        client_id: CLIENT_ID,
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
        if (signedWith === undefined) return null;
        const { payload } = await jwtVerify(token, signedWith.publicKey, {
          algorithms: ['EdDSA'],
          typ: TYPE,
          issuer,
          audience: issuer,
          currentDate: now(),
          requiredClaims: ['sub', 'exp', 'jti'],
        });
        return subjectOf(payload);
      } catch {
        return null;
      }
    },
  };
}

/**
 * A scope that we do not know, or one without its device, gives no right at all: least of all that of a
 * session.
 */
function subjectOf({ sub, scope, device }: Readonly<Record<string, unknown>>): TokenSubject | null {
  if (typeof sub !== 'string') return null;
  if (scope === undefined && device === undefined) return { accountId: sub, deviceId: null };
  return scope === UPLOAD_SCOPE && typeof device === 'string' ? { accountId: sub, deviceId: device } : null;
}
