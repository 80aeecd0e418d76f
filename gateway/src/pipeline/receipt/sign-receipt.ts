/**
 * The receipt as a JWS (RFC 7515 §7.1, compact), EdDSA (RFC 8037 §3.1) with the gateway's receipt key: a
 * receipt file is this and nothing else. It holds the text of its QR code, so that a device can print it without
 * a network.
 */
import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import { RECEIPT_TYPE, type Receipt } from '#shared/protocol/receipt.ts';
import { RECEIPT_CODE_TYPE, toReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import { inShort } from '#shared/protocol/withheld.ts';

type ReceiptKey = { readonly kid: string; readonly privateKey: KeyObject };

export function createReceiptSigner({ kid, privateKey }: ReceiptKey): (receipt: Receipt) => Promise<string> {
  const sign = (typ: string, content: object): Promise<string> =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(content)))
      .setProtectedHeader({ alg: 'EdDSA', kid, typ })
      .sign(privateKey);
  return async (receipt) => {
    const { withheld, ...said } = toReceiptCode(receipt);
    const short = { ...said, ...(withheld && { withheld: inShort(withheld) }) };
    const code = await sign(RECEIPT_CODE_TYPE, short);
    return sign(RECEIPT_TYPE, { ...receipt, code });
  };
}
