/**
 * Verifies what a person has of a receipt: the text of its code, a saved receipt (JWS), or its sheet (PDF). All
 * three lead to the same few facts, and each changed byte is found.
 */
import { toReceiptCode, type ReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import {
  verifyReceipt,
  verifyReceiptCode,
  verifySheet,
  type JSONWebKeySet,
} from '../pipeline/upload/accept-receipt.ts';

export type CheckFault = 'signature' | 'unreadable' | 'no-code' | 'no-keys' | 'too-large';

/** `code`: of a paper only its code was checked; `file`: every byte of the file was. */
export type CheckedAs = 'code' | 'file';

export type Checked =
  | { readonly kind: 'holds'; readonly as: CheckedAs; readonly codes: readonly ReceiptCode[] }
  | { readonly kind: 'fault'; readonly fault: CheckFault };

/** A receipt of 20 000 instances has 8 MB, and its sheet holds it too. */
export const RECEIPT_BYTES_LIMIT = 64 * 1024 * 1024;

const holds = (as: CheckedAs, codes: readonly ReceiptCode[]): Checked => ({ kind: 'holds', as, codes });
const fault = (name: CheckFault): Checked => ({ kind: 'fault', fault: name });

/** `text`: the bytes of a sheet are given as characters (Latin-1). Never throws. */
export async function checkText(text: string, keys: JSONWebKeySet): Promise<Checked> {
  if (text.startsWith('%PDF-')) {
    const sheet = await verifySheet(text, keys);
    return typeof sheet === 'string' ? fault(sheet) : holds('file', sheet.receipts);
  }
  // Copied text has spaces around it, and line breaks where it was folded.
  const jws = text.replace(/\s/g, '');
  const whole = await verifyReceipt(jws, keys);
  if (whole.kind === 'holds') return holds('file', [toReceiptCode(whole.checked.receipt)]);
  const code = await verifyReceiptCode(jws, keys);
  return typeof code === 'string' ? fault(code) : holds('code', [code]);
}

const AT_ONCE_BYTES = 32_768;

/** Each byte as a character; `TextDecoder` knows no encoding that keeps all of them. */
export function toCharacters(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += AT_ONCE_BYTES)
    parts.push(String.fromCharCode(...bytes.subarray(at, at + AT_ONCE_BYTES)));
  return parts.join('');
}
