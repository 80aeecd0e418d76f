/** Reads the receipts of a study, draws their sheet and hashes it. It asks the main thread for what only that knows. */
import { createHash } from 'node:crypto';
import { receiptSchema, type Receipt, type ReceiptInstance } from '#shared/protocol/receipt.ts';
import { toReceiptCode, type ReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import { drawSheet, type SheetReceipt } from './draw-sheet.ts';
import type { AssembledSheet, SheetQuestion, SheetReply, SheetTask } from './sheet-thread.ts';

export async function assembleSheet(
  { uploads, at }: SheetTask,
  ask: (question: SheetQuestion) => Promise<SheetReply>,
): Promise<AssembledSheet> {
  const pages: SheetReceipt[] = [];
  const receipts: ReceiptCode[] = [];
  for (const upload of uploads) {
    const receipt = contentOf(upload.jws);
    const { studyInstanceUID, instances } = receipt;
    const { uploadId } = upload;
    const said = await ask({ uploadId, studyInstanceUID, smallest: smallestOf(instances) });
    pages.push({ ...upload, ...said, receipt });
    receipts.push(toReceiptCode(receipt));
  }
  // A copy: the memory of a Buffer may not move to another thread.
  const pdf = new Uint8Array(await drawSheet(pages, at));
  return { pdf, digest: createHash('sha256').update(pdf).digest('hex'), receipts };
}

/** The receipt comes from our own database and was checked when it was signed. */
function contentOf(jws: string): Receipt {
  const [, payload = ''] = jws.split('.');
  return receiptSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
}

/** The smallest instance that the PACS has and in which the gateway found nothing left to remove. */
function smallestOf(instances: readonly ReceiptInstance[]): SheetQuestion['smallest'] {
  const least = instances
    .filter(({ state, residue }) => residue === 'none' && (state === 'stored' || state === 'already-stored'))
    .reduce<ReceiptInstance | null>(
      (least, each) => (least === null || each.bytes < least.bytes ? each : least),
      null,
    );
  return least === null ? null : { sopInstanceUID: least.sopInstanceUID, digest: least.digest };
}
