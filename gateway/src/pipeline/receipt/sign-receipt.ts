/**
 * The receipt as a JWS (RFC 7515 §7.1, compact), EdDSA (RFC 8037 §3.1) with the gateway's receipt key: a
 * receipt file is this and nothing else.
 */
import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import { RECEIPT_TYPE, type Receipt } from '#shared/protocol/receipt.ts';

export type ReceiptKey = { readonly kid: string; readonly privateKey: KeyObject };

export function createReceiptSigner({ kid, privateKey }: ReceiptKey): (receipt: Receipt) => Promise<string> {
  return (receipt) =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(receipt)))
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: RECEIPT_TYPE })
      .sign(privateKey);
}
