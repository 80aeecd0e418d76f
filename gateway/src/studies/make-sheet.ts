/**
 * Makes the sheet of a study: the standing receipts of its uploads, drawn as a PDF in a thread and signed as a whole. A
 * sheet holds about 2 MB at most. Where the receipts are larger, clients fetch them one by one.
 */
import { sql } from 'kysely';
import { sealLine } from '#shared/protocol/receipt-sheet.ts';
import type { Db } from '../database/database.ts';
import { sizeOfReceipts, standingReceipts, type ReceiptsSize } from '../pipeline/stores/receipt.store.ts';
import { findPseudonym, type PseudonymTools } from './find-pseudonym.ts';
import type { AssembleSheet, SheetUpload } from './sheet-thread.ts';
import type { SheetSigner } from './sign-sheet.ts';
import { uploadsOf, type WhoseStudy } from './study-timeline.ts';

export type SheetTools = PseudonymTools & {
  readonly now: () => Date;
  readonly signSheet: SheetSigner;
  readonly assembleSheet: AssembleSheet;
};

/**
 * A person waits for the sheet, so this is how long the PACS may take in all. What it has not answered by then is
 * missing from the sheet.
 */
const PACS_PATIENCE_MS = 3_000;
/** The largest an A4 page with its QR code can be. The attached receipts count with their own size. */
export const PAGE_BYTES = 32_000;
export const SHEET_BYTES_LIMIT = 2_000_000;

export const isTooLarge = ({ receipts, bytes }: ReceiptsSize): boolean =>
  receipts * PAGE_BYTES + bytes > SHEET_BYTES_LIMIT;

/** Returns the bytes of a PDF. An upload without a standing receipt gets no page. Throws the signal's reason. */
export async function makeSheet(
  tools: SheetTools,
  whose: WhoseStudy,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | 'not-found' | 'no-receipt-yet' | 'sheet-too-large'> {
  const { db, now, signSheet, assembleSheet } = tools;
  const found = await uploadsOf(db, whose);
  if (found.length === 0) return 'not-found';
  const size = await sizeOfReceipts(
    db,
    found.map(({ id }) => id),
  );
  if (isTooLarge(size)) return 'sheet-too-large';
  const uploads = await withReceipts(db, found);
  if (uploads.length === 0) return 'no-receipt-yet';
  const pacsUntil = AbortSignal.any([signal, AbortSignal.timeout(PACS_PATIENCE_MS)]);
  const { pdf, digest, receipts } = await assembleSheet(
    { uploads, at: now() },
    async (about) => ({ pseudonym: await findPseudonym(tools, about, pacsUntil) }),
    signal,
  );
  const seal = sealLine(await signSheet({ digest, receipts: [...receipts] }));
  return new Uint8Array(Buffer.concat([pdf, Buffer.from(seal, 'latin1')]));
}

async function withReceipts(
  db: Db,
  uploads: Awaited<ReturnType<typeof uploadsOf>>,
): Promise<readonly SheetUpload[]> {
  const receipts = await standingReceipts(
    db,
    uploads.map(({ id }) => id),
  );
  const pages: SheetUpload[] = [];
  for (const { id, username, account_id: accountId, created_at: sentAt, ...of } of uploads) {
    const jws = receipts.get(id);
    if (jws === undefined) continue;
    const device = of.device_id === null ? null : { id: of.device_id, name: of.device_name };
    const sender = { username, accountId, device };
    pages.push({ jws, uploadId: id, sentAt, sender, classes: await classesOf(db, id) });
  }
  return pages;
}

async function classesOf(db: Db, uploadId: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select([
      'instance.sop_class_uid',
      sql<number>`count(distinct instance.sop_instance_uid)::int`.as('count'),
    ])
    .where('upload_instance.upload_id', '=', uploadId)
    .groupBy('instance.sop_class_uid')
    .execute();
  return new Map(rows.map(({ sop_class_uid, count }) => [sop_class_uid, count]));
}
