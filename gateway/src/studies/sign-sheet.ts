/**
 * Signs a receipt sheet with the key that signs receipts, under a type of its own, so that the signature cannot pass
 * for a receipt. EdDSA (RFC 8037 §3.1), compact JWS (RFC 7515 §7.1).
 */
import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import { RECEIPT_SHEET_TYPE, type ReceiptSheet } from '#shared/protocol/receipt-sheet.ts';

/** Signs the file as a whole: a compact JWS. */
export type SheetSigner = (sheet: ReceiptSheet) => Promise<string>;

type Key = { readonly kid: string; readonly privateKey: KeyObject };

export function createSheetSigner({ kid, privateKey }: Key): SheetSigner {
  return (sheet) =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(sheet)))
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: RECEIPT_SHEET_TYPE })
      .sign(privateKey);
}
