/** The proof of a deletion (retention) as a JWS (RFC 7515 §7.1, compact), with the key of receipts. */
import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import { DELETION_TYPE, type Deletion } from '#shared/protocol/retention.ts';

export type SignDeletion = (deletion: Omit<Deletion, 'iss'>) => Promise<string>;

export const createDeletionSigner =
  (
    iss: string,
    { kid, privateKey }: { readonly kid: string; readonly privateKey: KeyObject },
  ): SignDeletion =>
  (deletion) =>
    new CompactSign(new TextEncoder().encode(JSON.stringify({ iss, ...deletion })))
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: DELETION_TYPE })
      .sign(privateKey);
