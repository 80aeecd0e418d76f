/** Finds the images behind a conflict: two with the same identifier, of which one was not stored. Pure. */
import type { FoundFile } from '../pipeline/ingest/found/group-studies.ts';
import type { SentFromHere } from '../pipeline/ingest/found/sent-from-here.ts';
import type { QueuedInstance } from '../pipeline/queue/queued-study.ts';
import { CONFLICT } from '../pipeline/queue/upload-queue.ts';

export interface Rivals {
  /** The image that was not stored. */
  readonly mine: FoundFile;
  /** The image that came first; null: it was not sent from this page. */
  readonly other: FoundFile | null;
}

/** Not stored because another image has the same identifier. */
export const isNotStored = ({ state, reason }: Pick<QueuedInstance, 'state' | 'reason'>): boolean =>
  (state === 'quarantined' || state === 'refused') && reason === CONFLICT;

/** Empty if the study was not sent from this page (recognise-rivals.ts). */
export function findRivals(
  { sent, files }: SentFromHere,
  studyId: string,
  instances: readonly Pick<QueuedInstance, 'position' | 'state' | 'reason'>[],
): readonly Rivals[] {
  if (!sent.has(studyId)) return [];
  const notStored = new Set(instances.filter(isNotStored).map(({ position }) => position));
  const stored = new Map(
    [...files.values()]
      .filter(({ found }) => !notStored.has(found.ordinal))
      .map(({ found }) => [found.sopInstanceUID, found] as const),
  );
  return [...notStored].flatMap((position) => {
    const mine = files.get(position)?.found;
    return mine ? [{ mine, other: stored.get(mine.sopInstanceUID) ?? null }] : [];
  });
}
