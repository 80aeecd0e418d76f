/**
 * A head of the audit trail: the number and the hash of its newest row at a moment, signed by the gateway as a
 * compact JWS (RFC 7515, EdDSA). Each head names the one before it. Heads are kept outside the database: its
 * owner can rewrite every row, and cannot sign.
 */
import { z } from 'zod';

/** The JWS header's `typ`: a head can be taken for no token and no receipt, and neither for a head. */
export const AUDIT_HEAD_TYPE = 'relaypacs-audit-head+jws';

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case');
const rowSchema = z.object({ seq: z.number().int().min(0), hash: hashSchema });

export const auditHeadSchema = rowSchema.extend({
  /** The gateway's public URL. */
  iss: z.string(),
  at: z.iso.datetime(),
  /** SHA-256 of the JWS of the head before it, hexadecimal; null: it is the first. */
  previous: hashSchema.nullable(),
  /**
   * The database was put back to its row `to`; the rows after it, up to those of the last head (`lost`), are
   * gone.
   */
  restored: z.object({ to: z.number().int().min(0), lost: rowSchema }).optional(),
});
export type AuditHead = z.infer<typeof auditHeadSchema>;

export const auditVerdictSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('whole'),
    rows: z.number().int(),
    /** The hash of the last row. */
    head: z.string(),
    /** Up to this row a signed head shows that nothing was changed; null: there is no head. */
    proven: z.object({ seq: z.number().int(), at: z.iso.datetime() }).nullable(),
    /** The last row whose head was sent to RELAY_AUDIT_URL. */
    shipped: z.number().int().nullable(),
    /** Rows after the last head: whoever owns the database could have rewritten them. */
    unproven: z.number().int(),
    /** Rows that were lost when an older copy of the database was put in its place. */
    lost: z.array(z.object({ from: z.number().int(), to: z.number().int() })),
  }),
  z.object({
    kind: z.literal('broken'),
    /** The first row that cannot be believed. */
    atSeq: z.number().int(),
    /**
     * `row`: it does not follow from the one before it. `rewritten`: the chain is whole, but not the one that
     * was signed. `cut`: rows that were signed are gone. `heads`: the file of the heads was changed.
     */
    because: z.enum(['row', 'rewritten', 'cut', 'heads']),
  }),
]);
export type AuditVerdict = z.infer<typeof auditVerdictSchema>;
