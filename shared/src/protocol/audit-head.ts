/**
 * A head of the audit trail: the number and the hash of its newest row at some moment, signed by the gateway as a
 * compact JWS (RFC 7515, EdDSA). Each head names the one before it. Heads are kept outside the database, whose owner
 * could rewrite every row but cannot sign.
 */
import { z } from 'zod';

/** The JWS header's `typ`: it keeps heads, tokens and receipts from being mistaken for each other. */
export const AUDIT_HEAD_TYPE = 'relaypacs-audit-head+jws';

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case');
const rowSchema = z.object({ seq: z.number().int().min(0), hash: hashSchema });

export const auditHeadSchema = rowSchema.extend({
  /** The gateway's public URL. */
  iss: z.string(),
  at: z.iso.datetime(),
  /** SHA-256 of the previous head's JWS, hexadecimal; null: this is the first head. */
  previous: hashSchema.nullable(),
  /** The database was restored to row `to`; the rows after it, up to that of the last head (`lost`), are gone. */
  restored: z.object({ to: z.number().int().min(0), lost: rowSchema }).optional(),
  /** Rows up to this one were moved into files (gateway/src/audit/archive-audit.ts). */
  archivedTo: z.number().int().min(1).optional(),
});
export type AuditHead = z.infer<typeof auditHeadSchema>;

export const auditVerdictSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('whole'),
    rows: z.number().int(),
    /** The hash of the last row. */
    head: z.string(),
    /** A signed head proves that nothing up to this row was changed; null: there is no head. */
    proven: z.object({ seq: z.number().int(), at: z.iso.datetime() }).nullable(),
    /** The last row whose head was sent to RELAY_AUDIT_URL. */
    shipped: z.number().int().nullable(),
    /** Rows after the last head: the owner of the database could have rewritten them. */
    unproven: z.number().int(),
    /** Rows lost when an older copy of the database was restored. */
    lost: z.array(z.object({ from: z.number().int(), to: z.number().int() })),
    /**
     * Rows up to `to` were moved into files. Rows up to `missingTo` are in files that are kept elsewhere, and were not
     * checked; 0: all are here. Null: none were moved.
     */
    archived: z.object({ to: z.number().int(), missingTo: z.number().int() }).nullable().default(null),
  }),
  z.object({
    kind: z.literal('broken'),
    /** The first row that cannot be trusted. */
    atSeq: z.number().int(),
    /**
     * `row`: the row does not follow from the one before it. `rewritten`: the chain is consistent, but it is not the
     * one that was signed. `cut`: signed rows are gone. `heads`: the file of the heads was changed.
     */
    because: z.enum(['row', 'rewritten', 'cut', 'heads']),
  }),
]);
export type AuditVerdict = z.infer<typeof auditVerdictSchema>;
