/** Signs a head with the gateway's audit key as a compact JWS, and reads it back. */
import { createHash, type KeyObject } from 'node:crypto';
import { compactVerify, CompactSign } from 'jose';
import { AUDIT_HEAD_TYPE, auditHeadSchema, type AuditHead } from '#shared/protocol/audit-head.ts';
import type { SigningKey } from '../keys.ts';

export const hashOfHead = (jws: string): string => createHash('sha256').update(jws).digest('hex');

export async function signHead(head: AuditHead, { kid, privateKey }: SigningKey): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(head)))
    .setProtectedHeader({ alg: 'EdDSA', kid, typ: AUDIT_HEAD_TYPE })
    .sign(privateKey);
}

/** Null: it is not a head, or this gateway did not sign it. `keyOf`: finds current and retired audit keys. */
export async function readHead(
  jws: string,
  keyOf: (kid: string) => KeyObject | undefined,
): Promise<AuditHead | null> {
  try {
    const { payload } = await compactVerify(
      jws,
      ({ kid, typ }) => {
        const key = typ === AUDIT_HEAD_TYPE ? keyOf(kid ?? '') : undefined;
        if (key === undefined) throw new Error('signed with no audit key');
        return key;
      },
      { algorithms: ['EdDSA'] },
    );
    return auditHeadSchema.parse(JSON.parse(new TextDecoder().decode(payload)));
  } catch {
    return null;
  }
}
