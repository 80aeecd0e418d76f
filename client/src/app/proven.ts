/** Decides whether the files and the disc may go because everything on them is in the PACS. Pure. */
import type { SentFromHere } from '../pipeline/ingest/sent-from-here.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';

export type Proven = {
  readonly studies: number;
  /** Files and instances that are not in the PACS, because a person left them out or they could not be sent. */
  readonly except: number;
};

export type OnPage = { readonly found: number; readonly refused: number };

/**
 * Everything that was sent from this page is proven in the PACS by a receipt that this device checked; null: it is not,
 * or nothing was sent, or studies that were found are still on the page. `refused`: files there that cannot be sent.
 */
export function provenInPacs(
  { sent, leftBehind }: SentFromHere,
  queued: readonly QueuedStudy[],
  { found, refused }: OnPage,
): Proven | null {
  if (found > 0) return null;
  const studies = queued.filter(({ id }) => sent.has(id));
  // One that was removed from the list may have ended in any way.
  if (sent.size === 0 || studies.length < sent.size || !studies.every(isProven)) return null;
  const leftOut = studies.reduce((sum, { track }) => sum + track.leftOut, 0);
  const left = [...leftBehind.values()].reduce((sum, count) => sum + count, 0);
  return { studies: studies.length, except: leftOut + left + refused };
}

function isProven({ state, receiptId, needs, track, instances }: QueuedStudy): boolean {
  return (
    state === 'done' &&
    receiptId !== null &&
    needs.length === 0 &&
    track.inPacs > 0 &&
    track.inPacs + track.leftOut === instances
  );
}
