/** Decides whether the files and the disc may go because everything on them is in the PACS. Pure. */
import type { LeftBehind, SentFromHere } from '../pipeline/ingest/sent-from-here.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';

export type Proven = {
  readonly studies: number;
  /** Files and instances that are not in the PACS, because a person left them out or they could not be sent. */
  readonly except: number;
  /** Those of them that are instances of a study in the list. */
  readonly leftOut: readonly QueuedStudy[];
  /** Those that were cleared from the page. */
  readonly left: readonly LeftBehind[];
};

export type OnPage = { readonly found: number; readonly refused: number };

/**
 * Everything that was sent from this page is proven in the PACS by a receipt that this device checked; null: it is not,
 * or nothing was sent, or studies that were found are still on the page. `refused`: files there that cannot be sent.
 * Counted are the last choice, and those before it that were not in the PACS when it began: a person has been told of
 * the others, and has put their discs away.
 */
export function provenInPacs(
  { sent, leftBehind, choices }: SentFromHere,
  queued: readonly QueuedStudy[],
  { found, refused }: OnPage,
): Proven | null {
  if (found > 0) return null;
  const all = queued.filter(({ id }) => sent.has(id));
  // One that was removed from the list may have ended in any way.
  if (sent.size === 0 || all.length < sent.size || !all.every(isProven)) return null;
  const last = Math.max(...sent.values());
  const began = choices[last] ?? 0;
  const told = new Set(
    [...sent.values()].filter(
      (choice) =>
        choice !== last &&
        all.every(({ id, completedAt }) => sent.get(id) !== choice || (completedAt ?? began) < began),
    ),
  );
  const studies = all.filter(({ id }) => !told.has(sent.get(id)!));
  const left = [...leftBehind.values()].filter(({ choice }) => !told.has(choice));
  const leftOut = studies.filter(({ track }) => track.leftOut > 0);
  const except =
    leftOut.reduce((sum, { track }) => sum + track.leftOut, 0) +
    left.reduce((sum, { files }) => sum + files, 0) +
    refused;
  return { studies: studies.length, except, leftOut, left };
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
