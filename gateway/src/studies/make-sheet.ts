/** The sheet of a study: its receipts of the present revision, drawn, and the file signed as a whole. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { receiptSchema, type Receipt } from '#shared/protocol/receipt.ts';
import { sealLine, toReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import type { Db } from '../database/database.ts';
import { findReceipt } from '../pipeline/receipt.store.ts';
import type { SheetSigner } from './sign-sheet.ts';
import { drawSheet, type SheetReceipt } from './draw-sheet.ts';
import { findPseudonym, type PseudonymTools } from './find-pseudonym.ts';
import { uploadsOf, type WhoseStudy } from './study-timeline.ts';

type Tools = PseudonymTools & { readonly now: () => Date; readonly signSheet: SheetSigner };

/** The bytes of a PDF. An upload without a receipt of the present revision has no page. */
export async function makeSheet(
  tools: Tools,
  whose: WhoseStudy,
  signal: AbortSignal,
): Promise<Buffer | 'not-found' | 'no-receipt-yet'> {
  const { db, now, signSheet } = tools;
  const uploads = await uploadsOf(db, whose);
  if (uploads.length === 0) return 'not-found';
  const pages: SheetReceipt[] = [];
  for (const upload of uploads) {
    const jws = await findReceipt(db, upload.id);
    if (jws === undefined) continue;
    const receipt = contentOf(jws);
    pages.push({
      receipt,
      jws,
      code: await signSheet.code(toReceiptCode(receipt)),
      uploadId: upload.id,
      sentAt: upload.created_at,
      sender: { username: upload.username, accountId: upload.account_id, device: upload.device_id },
      pseudonym: await findPseudonym(tools, upload.id, receipt, signal),
      classes: await classesOf(db, upload.id),
    });
  }
  if (pages.length === 0) return 'no-receipt-yet';
  const drawn = await drawSheet(pages, now());
  const digest = createHash('sha256').update(drawn).digest('hex');
  const receipts = pages.map(({ receipt }) => toReceiptCode(receipt));
  return Buffer.concat([drawn, Buffer.from(sealLine(await signSheet.sheet({ digest, receipts })), 'latin1')]);
}

/** A receipt of our own database: it was checked when it was signed. */
function contentOf(jws: string): Receipt {
  const [, payload = ''] = jws.split('.');
  return receiptSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
}

async function classesOf(db: Db, uploadId: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select(['instance.sop_class_uid', sql<number>`count(*)::int`.as('count')])
    .where('upload_instance.upload_id', '=', uploadId)
    .groupBy('instance.sop_class_uid')
    .execute();
  return new Map(rows.map(({ sop_class_uid, count }) => [sop_class_uid, count]));
}
