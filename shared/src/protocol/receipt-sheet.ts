/**
 * The receipt on one sheet of paper. Its QR code holds a small JWS of its own (id, Merkle root, policy, counts and
 * time), so that the paper can be checked offline. The last line of the PDF file is a signature over every byte before
 * it.
 */
import { z } from 'zod';
import { firstOnlyIn } from './first-only.ts';
import { digestSchema, uidSchema, withheldSchema } from './forms.ts';
import { instancesIn, isOtherImage, notStoredIn } from './same-uid.ts';
import { receiptInstanceSchema, receiptPolicySchema, type Receipt, type ReceiptInstance } from './receipt.ts';

/** The JWS headers' `typ`: they keep sheets, codes and receipts from being mistaken for each other. */
export const RECEIPT_CODE_TYPE = 'relaypacs-receipt-code+jws';
export const RECEIPT_SHEET_TYPE = 'relaypacs-receipt-sheet+jws';

/** The content of the code. Its JWS stays below 1 kB, which fits a QR code with medium error correction. */
export const receiptCodeSchema = z.object({
  /** The id of the receipt that the code stands for. */
  jti: z.uuid(),
  /** When the receipt was issued, in seconds since 1970, UTC. */
  iat: z.number().int(),
  /** `confirmed` of the receipt. */
  confirmed: z.number().int().optional(),
  studyInstanceUID: uidSchema,
  revision: z.number().int().min(1),
  policy: receiptPolicySchema,
  root: digestSchema,
  /** Instances by outcome, each UID once; outcomes without instances are left out. */
  counts: z.partialRecord(receiptInstanceSchema.shape.state, z.number().int().min(1)),
  /** First-only instances (first-only.ts); absent: there are none. */
  firstOnly: z.number().int().min(1).optional(),
  /** Contents that were not stored because the PACS has another content under their UID; absent: there are none. */
  notStored: z.number().int().min(1).optional(),
  /** The receipt's `withheld`; in the code on paper, everything that a person left out counts as `left-out`. */
  withheld: withheldSchema.optional(),
});
export type ReceiptCode = z.infer<typeof receiptCodeSchema>;

/**
 * The command that checks a receipt on any computer with RelayPACS. FILE: the sheet, the signed file, or the text of
 * the code. `issuer`: the address of the web app that the receipt names, which serves the gateway's keys.
 */
export const verifyCommand = (issuer: string): string =>
  `npm run -s relay -- receipt verify FILE --jwks ${issuer}/api/.well-known/jwks.json`;

export const receiptSheetSchema = z.object({
  /** SHA-256 of the file up to the signature line. */
  digest: digestSchema,
  /** The receipts that the sheet shows and has attached. */
  receipts: z.array(receiptCodeSchema).min(1),
});
export type ReceiptSheet = z.infer<typeof receiptSheetSchema>;

export function toReceiptCode({
  jti,
  iat,
  confirmed,
  studyInstanceUID,
  revision,
  policy,
  root,
  instances,
  destinations,
  withheld,
}: Receipt): ReceiptCode {
  const firstOnly = firstOnlyIn({ instances, destinations });
  const notStored = notStoredIn(instances).filter((one) => !isOtherImage(one)).length;
  return {
    ...{ jti, iat, studyInstanceUID, revision, policy, root, counts: countOutcomes(instancesIn(instances)) },
    ...(confirmed !== undefined && { confirmed }),
    ...(firstOnly && { firstOnly: firstOnly.count }),
    ...(notStored > 0 && { notStored }),
    ...(withheld && { withheld }),
  };
}

function countOutcomes(instances: readonly Pick<ReceiptInstance, 'state'>[]): ReceiptCode['counts'] {
  const counts: ReceiptCode['counts'] = {};
  for (const { state } of instances) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/**
 * To PDF readers the signature line is a comment (ISO 32000-2 §7.2.4). It stands in the last kilobyte, where they look
 * for `%%EOF`.
 */
const SEAL = /^([\s\S]*\n)%relaypacs-receipt-sheet ([\w.-]+)\n$/;

/** The last line of the file, which holds the JWS. */
export const sealLine = (jws: string): string => `%relaypacs-receipt-sheet ${jws}\n`;

/** The signed part of a sheet, each byte as a character (Latin-1), and the JWS; null: the file is not a sheet. */
export function splitSheet(file: string): { readonly signed: string; readonly jws: string } | null {
  const [, signed, jws] = SEAL.exec(file) ?? [];
  return signed === undefined || jws === undefined ? null : { signed, jws };
}
