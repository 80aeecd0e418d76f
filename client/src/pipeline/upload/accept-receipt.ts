/**
 * Accepts a receipt only after checking everything. It must be one compact JWS in canonical base64url, signed (EdDSA)
 * with a published key, of our type and about this study. It must name each of our instances with its digest, and
 * have a matching Merkle root. A key inside the receipt itself is never used. On the device, only this file imports
 * jose; the command line's `receipt verify` uses its first half.
 */
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import type { z } from 'zod';
import { merkleRoot, RECEIPT_TYPE, receiptSchema, type Receipt } from '#shared/protocol/receipt.ts';
import {
  RECEIPT_CODE_TYPE,
  RECEIPT_SHEET_TYPE,
  receiptCodeSchema,
  receiptSheetSchema,
  splitSheet,
  type ReceiptCode,
  type ReceiptSheet,
} from '#shared/protocol/receipt-sheet.ts';
import { toHex } from '#shared/transfer/digest.ts';
import { keyOf, type CheckedReceipt, type InstanceKey } from '../queue/upload-queue.ts';

export type { JSONWebKeySet } from 'jose';

/** `unreadable`: not a receipt. The other values: an invalid receipt. */
export type ReceiptFault = 'unreadable' | 'signature' | 'merkle-root' | 'other-study' | 'instance-missing';

type ReceiptCheck =
  | { readonly kind: 'holds'; readonly checked: CheckedReceipt }
  | { readonly kind: 'fault'; readonly fault: ReceiptFault };

const fault = (name: ReceiptFault): ReceiptCheck => ({ kind: 'fault', fault: name });

/**
 * Whether the text is base64url without padding and with zeros in the unused bits of the last character. RFC 4648
 * §3.5 lets a decoder ignore these bits; we do not.
 */
function isCanonical(part: string): boolean {
  if (part === '' || !/^[A-Za-z0-9_-]+$/.test(part) || part.length % 4 === 1) return false;
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(part.at(-1)!);
  if (part.length % 4 === 2) return last % 16 === 0;
  return part.length % 4 === 0 || last % 4 === 0;
}

type Opened<T> = { readonly content: T } | { readonly fault: 'unreadable' | 'signature' };

/** Returns the content of a JWS of this type after checking its signature. Never throws. */
async function open<T>(
  jws: string,
  keys: JSONWebKeySet,
  type: string,
  schema: z.ZodType<T>,
): Promise<Opened<T>> {
  const parts = jws.split('.');
  // A receipt whose dots were changed counts as a changed receipt. Anything that does not start like a receipt is not
  // one.
  if (parts.length !== 3) return { fault: jws.startsWith('eyJ') ? 'signature' : 'unreadable' };
  // Any other encoding of the same bytes would be a changed file that still verifies.
  if (!parts.every(isCanonical)) return { fault: 'signature' };
  let payload: Uint8Array;
  try {
    const verified = await compactVerify(jws, createLocalJWKSet(keys), { algorithms: ['EdDSA', 'Ed25519'] });
    if (verified.protectedHeader.typ !== type) return { fault: 'signature' };
    payload = verified.payload;
  } catch {
    return { fault: 'signature' };
  }
  try {
    return {
      content: schema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))),
    };
  } catch {
    return { fault: 'unreadable' };
  }
}

/** Whether `jws` is a receipt that was signed with one of `keys` and agrees with itself. Never throws. */
export async function verifyReceipt(jws: string, keys: JSONWebKeySet): Promise<ReceiptCheck> {
  const opened = await open<Receipt>(jws, keys, RECEIPT_TYPE, receiptSchema);
  if ('fault' in opened) return fault(opened.fault);
  const { content: receipt } = opened;
  if ((await merkleRoot(receipt.instances)) !== receipt.root) return fault('merkle-root');
  return { kind: 'holds', checked: { jws, receipt } };
}

/** The content of a receipt's QR code, if it was signed with one of `keys`; otherwise its fault. */
export async function verifyReceiptCode(
  text: string,
  keys: JSONWebKeySet,
): Promise<ReceiptCode | 'unreadable' | 'signature'> {
  const opened = await open(text, keys, RECEIPT_CODE_TYPE, receiptCodeSchema);
  return 'fault' in opened ? opened.fault : opened.content;
}

/** The receipts in a sheet, a PDF whose bytes are given as characters (Latin-1); otherwise its fault. */
export async function verifySheet(
  file: string,
  keys: JSONWebKeySet,
): Promise<ReceiptSheet | 'unreadable' | 'signature'> {
  const parts = splitSheet(file);
  if (parts === null) return 'signature';
  const opened = await open(parts.jws, keys, RECEIPT_SHEET_TYPE, receiptSheetSchema);
  if ('fault' in opened) return opened.fault;
  const bytes = Uint8Array.from(parts.signed, (character) => character.charCodeAt(0));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return toHex(digest) === opened.content.digest ? opened.content : 'signature';
}

/**
 * Checks the same as `verifyReceipt`, and also that the receipt is about this study and names each of our instances.
 */
export async function acceptReceipt(
  jws: string,
  keys: JSONWebKeySet,
  ours: { readonly studyInstanceUID: string; readonly instances: readonly InstanceKey[] },
): Promise<ReceiptCheck> {
  const check = await verifyReceipt(jws, keys);
  if (check.kind === 'fault') return check;
  const { receipt } = check.checked;
  if (receipt.studyInstanceUID !== ours.studyInstanceUID) return fault('other-study');
  const named = new Set(receipt.instances.map(keyOf));
  return ours.instances.every((instance) => named.has(keyOf(instance))) ? check : fault('instance-missing');
}
