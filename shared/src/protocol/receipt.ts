/**
 * The receipt: what the gateway signs once it has looked in the PACS. One compact JWS (RFC 7515, EdDSA) and nothing else; checkable
 * offline with the keys at `/.well-known/jwks.json`. Signing and checking use jose and live at the two ends; here is what is said.
 */
import { z } from 'zod';
import { digestSchema, uidSchema } from './manifest.ts';

/** The JWS header's `typ`: a receipt can be taken for no other token of this gateway, and no other token for a receipt. */
export const RECEIPT_TYPE = 'relaypacs-receipt+jws';

const policySchema = z.object({ name: z.string(), version: z.number().int() });

/** What became of one instance. `stored`, `coerced`, `already-stored` were seen in the PACS; the others are not there. */
export const receiptInstanceSchema = z.object({
  sopInstanceUID: uidSchema,
  /** SHA-256 of the instance as the PACS was given it, hexadecimal. */
  digest: digestSchema,
  bytes: z.number().int().min(0),
  state: z.enum(['stored', 'coerced', 'already-stored', 'refused', 'quarantined', 'left-out']),
  /** A code of REASONS; for what is not in the PACS. */
  reason: z.string().optional(),
  /** What the PACS said: Warning Reason (0008,1196) or Failure Reason (0008,1197). */
  pacsCode: z.number().int().optional(),
  /** How it was proven: found by QIDO-RS, or read back and compared byte for byte. */
  proof: z.enum(['found', 'read-back']).optional(),
  /** The policy under which it was promised, where it is not the study's: a study may be sent in parts, and the policy change in between. */
  policy: policySchema.optional(),
});
export type ReceiptInstance = z.infer<typeof receiptInstanceSchema>;

export const receiptSchema = z.object({
  /** The receipt's id, a UUID. */
  jti: z.uuid(),
  /** The gateway's public URL. */
  iss: z.string(),
  /** Seconds since 1970, UTC. */
  iat: z.number().int(),
  version: z.literal(1),
  studyInstanceUID: uidSchema,
  revision: z.number().int().min(1),
  /** Of the newest manifest that named something new; an instance that was promised under another one says so itself. */
  policy: policySchema,
  /** The PACS that was asked: its DICOMweb root without credentials. */
  pacs: z.string(),
  /** Merkle root (RFC 9162 §2.1.1 tree over `merkleLeaf` of each instance, in this order), hexadecimal SHA-256. */
  root: digestSchema,
  instances: z.array(receiptInstanceSchema),
});
export type Receipt = z.infer<typeof receiptSchema>;

/** RFC 9162 §2.1.1: leaves are hashed behind a 0 byte, nodes behind a 1 byte, so that a leaf cannot pass for a node. */
const LEAF = 0;
const NODE = 1;

async function sha256(prefix: number, ...parts: Uint8Array[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0));
  bytes[0] = prefix;
  let at = 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** The bytes of one leaf: UID, digest and state, separated by a line feed, which none of them can hold. */
function merkleLeaf(instance: ReceiptInstance): Uint8Array {
  return new TextEncoder().encode(`${instance.sopInstanceUID}\n${instance.digest}\n${instance.state}`);
}

/** The Merkle root over the instances in their order, as 64 hexadecimal digits. */
export async function merkleRoot(instances: readonly ReceiptInstance[]): Promise<string> {
  let level = await Promise.all(instances.map((instance) => sha256(LEAF, merkleLeaf(instance))));
  if (level.length === 0) level = [new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array()))];
  // Pairing from the left and carrying an odd node up gives the same root as RFC 9162's split at the largest power of two.
  while (level.length > 1) {
    const above: Promise<Uint8Array>[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i]!, level[i + 1]];
      above.push(right ? sha256(NODE, left, right) : Promise.resolve(left));
    }
    level = await Promise.all(above);
  }
  return [...level[0]!].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
