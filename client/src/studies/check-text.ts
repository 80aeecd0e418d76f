/**
 * Verifies any form of a receipt: the text of its code, a saved receipt (JWS), or its sheet (PDF). All three give the
 * same few facts, and any changed byte is detected.
 */
import { toReceiptCode, type ReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import {
  verifyReceipt,
  verifyReceiptCode,
  verifySheet,
  type JSONWebKeySet,
} from '../pipeline/upload/accept-receipt.ts';

export type CheckFault = 'signature' | 'unreadable' | 'no-code' | 'no-keys' | 'too-large';

/** `code`: only the code on the paper was checked; `file`: every byte of the file was checked. */
export type CheckedAs = 'code' | 'file';

export type Checked =
  | { readonly kind: 'holds'; readonly as: CheckedAs; readonly codes: readonly ReceiptCode[] }
  | { readonly kind: 'fault'; readonly fault: CheckFault };

/** A receipt of 20 000 instances has 8 MB, and its sheet contains it too. */
export const RECEIPT_BYTES_LIMIT = 64 * 1024 * 1024;

const holds = (as: CheckedAs, codes: readonly ReceiptCode[]): Checked => ({ kind: 'holds', as, codes });
const fault = (name: CheckFault): Checked => ({ kind: 'fault', fault: name });

/** `text`: for a sheet (PDF), its bytes as Latin-1 characters. Never throws. */
export async function checkText(text: string, keys: JSONWebKeySet): Promise<Checked> {
  if (text.startsWith('%PDF-')) {
    const sheet = await verifySheet(text, keys);
    return typeof sheet === 'string' ? fault(sheet) : holds('file', sheet.receipts);
  }
  // Copied text may be surrounded by spaces and broken into lines.
  const jws = text.replace(/\s/g, '');
  const whole = await verifyReceipt(jws, keys);
  if (whole.kind === 'holds') return holds('file', [toReceiptCode(whole.checked.receipt)]);
  const code = await verifyReceiptCode(jws, keys);
  return typeof code === 'string' ? fault(code) : holds('code', [code]);
}

const AT_ONCE_BYTES = 32_768;

/** Converts each byte to one character. `TextDecoder` has no encoding that preserves all bytes. */
export function toCharacters(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += AT_ONCE_BYTES)
    parts.push(String.fromCharCode(...bytes.subarray(at, at + AT_ONCE_BYTES)));
  return parts.join('');
}
