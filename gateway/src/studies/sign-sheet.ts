/**
 * The signatures of a receipt's sheet, by the key that signs receipts and under types of their own: neither can
 * be taken for a receipt. EdDSA (RFC 8037 §3.1), compact JWS (RFC 7515 §7.1).
 */
import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import {
  RECEIPT_CODE_TYPE,
  RECEIPT_SHEET_TYPE,
  type ReceiptCode,
  type ReceiptSheet,
} from '#shared/protocol/receipt-sheet.ts';

/** Signs each of a sheet's QR codes, and the file as a whole. */
export type SheetSigner = {
  readonly code: (code: ReceiptCode) => Promise<string>;
  readonly sheet: (sheet: ReceiptSheet) => Promise<string>;
};

type Key = { readonly kid: string; readonly privateKey: KeyObject };

export function createSheetSigner({ kid, privateKey }: Key): SheetSigner {
  const sign = (typ: string, content: object): Promise<string> =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(content)))
      .setProtectedHeader({ alg: 'EdDSA', kid, typ })
      .sign(privateKey);
  return {
    code: (code) => sign(RECEIPT_CODE_TYPE, code),
    sheet: (sheet) => sign(RECEIPT_SHEET_TYPE, sheet),
  };
}
