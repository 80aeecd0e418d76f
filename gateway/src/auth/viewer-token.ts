/**
 * Tokens of the built-in viewer. Each is a JWT with which one account can read one study for fifteen minutes, only at
 * the viewer's origin. Its type and audience differ from those of access tokens (access-token.ts), so that neither is
 * mistaken for the other. Whether the account may still read is checked in the database, as for every token.
 */
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { isUid } from '#shared/dicom/uid.ts';
import type { SigningKey, TokenKey } from '../keys.ts';

/**
 * Seconds. This is long enough to read a study, and a radiologist who needs longer opens it again. A leaked token
 * that lived much longer would still work the next day.
 */
const VIEWER_TOKEN_SECONDS = 900;
const TYPE = 'relay-view+jwt';

/** `epoch`: the account's epoch when the token was signed. It grows when sessions are ended. */
type View = {
  readonly accountId: string;
  readonly epoch: number;
  readonly studyInstanceUID: string;
};
export type ReadView = View & { readonly expiresAt: Date };

export type ViewerTokens = {
  sign(view: View): Promise<string>;
  /** Null: the gateway did not sign the token, or it has expired. */
  read(token: string): Promise<ReadView | null>;
};

type ViewerTokenTools = {
  readonly signingKey: () => SigningKey;
  readonly keyOf: (kid: string) => TokenKey | undefined;
  readonly issuer: string;
  /** The viewer's origin. */
  readonly audience: string;
  readonly now: () => Date;
  readonly newId: () => string;
};

export function createViewerTokens(tools: ViewerTokenTools): ViewerTokens {
  const { signingKey, keyOf, issuer, audience, now, newId } = tools;
  return {
    sign({ accountId, epoch, studyInstanceUID }) {
      const key = signingKey();
      const issuedAt = Math.floor(now().getTime() / 1000);
      return new SignJWT({ epoch, study: studyInstanceUID })
        .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid: key.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(accountId)
        .setJti(newId())
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + VIEWER_TOKEN_SECONDS)
        .sign(key.privateKey);
    },
    async read(token) {
      try {
        const key = keyOf(decodeProtectedHeader(token).kid ?? '');
        if (key === undefined || hasOutlived(key, now())) return null;
        const { payload } = await jwtVerify(token, key.publicKey, {
          algorithms: ['EdDSA'],
          typ: TYPE,
          issuer,
          audience,
          currentDate: now(),
          requiredClaims: ['sub', 'iat', 'exp', 'jti'],
        });
        const { sub, iat = 0, exp = 0, epoch, study } = payload;
        if (exp - iat > VIEWER_TOKEN_SECONDS || typeof sub !== 'string' || typeof epoch !== 'number')
          return null;
        if (typeof study !== 'string' || !isUid(study)) return null;
        return { accountId: sub, epoch, studyInstanceUID: study, expiresAt: new Date(exp * 1000) };
      } catch {
        return null;
      }
    },
  };
}

/** Whether the key was retired so long ago that all tokens it signed have expired. */
const hasOutlived = ({ retiredAt }: TokenKey, now: Date): boolean =>
  retiredAt !== null && now.getTime() >= retiredAt.getTime() + VIEWER_TOKEN_SECONDS * 1000;
