/** Reads a kept receipt. Its signature was checked when it was accepted (upload/accept-receipt.ts). */
import { receiptSchema, type Receipt } from '#shared/protocol/receipt.ts';

/** The payload of a compact JWS (RFC 7515 §7.1). Throws if it is not a JWS, or not a receipt. */
export function readReceipt(jws: string): Receipt {
  const payload = jws.split('.')[1] ?? '';
  const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  );
  return receiptSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}
