/**
 * The receipt on paper is put together in a thread of its own: receipts of thousands of instances are read, drawn,
 * packed and hashed, while the gateway answers everybody. The key that signs stays on this side.
 */
import type { ReceiptInstance } from '#shared/protocol/receipt.ts';
import type { ReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import { giving, keepThread } from '../threads/thread.ts';
import type { SheetReceipt } from './draw-sheet.ts';

/** A receipt and what stands beside it on its page. */
export type SheetUpload = Omit<SheetReceipt, 'receipt' | 'pseudonym'>;
export type SheetTask = { readonly uploads: readonly SheetUpload[]; readonly at: Date };
export type SheetQuestion = {
  readonly uploadId: string;
  readonly studyInstanceUID: string;
  /** The smallest instance that is in the PACS with its names removed, to find the pseudonym; null: none is. */
  readonly smallest: Pick<ReceiptInstance, 'sopInstanceUID' | 'digest'> | null;
};
export type SheetReply = Pick<SheetReceipt, 'pseudonym'>;
export type AssembledSheet = {
  readonly pdf: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the PDF, hexadecimal. */
  readonly digest: string;
  /** Receipts of its pages, in their order. */
  readonly receipts: readonly ReceiptCode[];
};
export type SheetTalk = {
  readonly task: SheetTask;
  readonly question: SheetQuestion;
  readonly reply: SheetReply;
  readonly answer: AssembledSheet;
};

/** Throws what `answer` throws, the signal's reason, and where the thread fails. */
export type AssembleSheet = (
  task: SheetTask,
  answer: (question: SheetQuestion) => Promise<SheetReply>,
  signal: AbortSignal,
) => Promise<AssembledSheet>;

export function createSheetThread(): AssembleSheet {
  const thread = keepThread<SheetTalk>(new URL('./sheet.worker.ts', import.meta.url));
  return (task, answer, signal) =>
    thread.do(giving(task), async (question) => giving(await answer(question)), signal);
}
