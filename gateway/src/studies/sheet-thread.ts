/**
 * Puts the receipt sheet together in a thread of its own: thousands of instances are read, drawn, packed and hashed
 * while the gateway goes on answering. The signing key stays in the main thread.
 */
import type { ReceiptInstance } from '#shared/protocol/receipt.ts';
import type { ReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import { giving, keepThread } from '../threads/thread.ts';
import type { SheetReceipt } from './draw-sheet.ts';

/** A receipt and what is printed with it on its page. */
export type SheetUpload = Omit<SheetReceipt, 'receipt' | 'pseudonym'>;
export type SheetTask = { readonly uploads: readonly SheetUpload[]; readonly at: Date };
export type SheetQuestion = {
  readonly uploadId: string;
  readonly studyInstanceUID: string;
  /**
   * The smallest instance that the PACS has with its names removed, from which to read the pseudonym; null: there is
   * none.
   */
  readonly smallest: Pick<ReceiptInstance, 'sopInstanceUID' | 'digest'> | null;
};
export type SheetReply = Pick<SheetReceipt, 'pseudonym'>;
export type AssembledSheet = {
  readonly pdf: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the PDF, hexadecimal. */
  readonly digest: string;
  /** The receipts in the order of the pages. */
  readonly receipts: readonly ReceiptCode[];
};
export type SheetTalk = {
  readonly task: SheetTask;
  readonly question: SheetQuestion;
  readonly reply: SheetReply;
  readonly answer: AssembledSheet;
};

/** Throws what `answer` throws, the signal's reason, and an error where the thread fails. */
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
