/**
 * Access tokens: JWTs as RFC 9068 profiles them, signed with Ed25519 (RFC 8037), good for ten minutes. The only place that makes or reads
 * one. Whether the account still may do anything is asked of the database by `authenticate`, not read from the token.
 */
import { jwtVerify, SignJWT } from 'jose';
import type { SigningKey } from '../keys.ts';

/** Seconds. Shorter, and a slow upload asks for tokens all the time; longer, and a stolen one serves too long. */
export const ACCESS_TOKEN_SECONDS = 600;
/** RFC 9068 §2.1: "It is RECOMMENDED that the "application/" prefix be omitted. Therefore, the "typ" value used SHOULD be "at+jwt"." */
const TYPE = 'at+jwt';
/** RFC 9068 §2.2 asks for a `client_id`: there is one client, the app (and the command line, which is its twin). */
const CLIENT_ID = 'relaypacs';

export type AccessTokens = {
  sign(accountId: string): Promise<string>;
  /** The account's id, or null where the token is not one of ours or no longer holds. */
  read(token: string): Promise<string | null>;
};

export type AccessTokenTools = { readonly key: SigningKey; readonly issuer: string; readonly now: () => Date; readonly newId: () => string };

export function createAccessTokens({ key, issuer, now, newId }: AccessTokenTools): AccessTokens {
  return {
    sign(accountId) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      return new SignJWT({ client_id: CLIENT_ID })
        .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid: key.kid })
        .setIssuer(issuer).setAudience(issuer).setSubject(accountId).setJti(newId())
        .setIssuedAt(issuedAt).setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
        .sign(key.privateKey);
    },
    async read(token) {
      try {
        const { payload } = await jwtVerify(token, key.publicKey, {
          algorithms: ['EdDSA'], typ: TYPE, issuer, audience: issuer, currentDate: now(), requiredClaims: ['sub', 'exp', 'jti'],
        });
        return payload.sub ?? null;
      } catch {
        return null;
      }
    },
  };
}
