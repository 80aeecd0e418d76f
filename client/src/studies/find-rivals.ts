/** Finds the images behind a conflict: two of one identifier, of which one was not stored. Pure. */
import type { FoundFile } from '../pipeline/ingest/group-studies.ts';
import type { SentFromHere } from '../pipeline/ingest/sent-from-here.ts';
import type { QueuedInstance } from '../pipeline/queue/queued-study.ts';

export const CONFLICT = 'conflicting-instance';

export interface Rivals {
  /** It was not stored. */
  readonly mine: FoundFile;
  /** It came first; null: it was not sent from this page. */
  readonly other: FoundFile | null;
}

/** Empty where the study was not sent from this page: a page that was loaded again has no files. */
export function findRivals(
  { sent, files }: SentFromHere,
  studyId: string,
  instances: readonly Pick<QueuedInstance, 'position' | 'state' | 'reason'>[],
): readonly Rivals[] {
  if (!sent.has(studyId)) return [];
  const notStored = new Set(
    instances
      .filter(({ state, reason }) => (state === 'quarantined' || state === 'refused') && reason === CONFLICT)
      .map(({ position }) => position),
  );
  const stored = new Map(
    [...files.values()]
      .filter(({ ordinal }) => !notStored.has(ordinal))
      .map((found) => [found.sopInstanceUID, found] as const),
  );
  return [...notStored].flatMap((position) => {
    const mine = files.get(position);
    return mine ? [{ mine, other: stored.get(mine.sopInstanceUID) ?? null }] : [];
  });
}
