/** Which study goes first: by a person's hand, else by triage, else by when it was queued. Pure. */
import type { StudyRow } from './rows/local-database.ts';

export type SendingOrder = Pick<StudyRow, 'id' | 'rank' | 'score' | 'queuedAt'>;

/**
 * Ranked before unranked, the lower first; then the higher score; then the older. Never 0 for two studies:
 * the order is the same everywhere.
 */
export function compareForSending(a: SendingOrder, b: SendingOrder): number {
  return (
    compareRanks(a.rank, b.rank) ||
    (b.score ?? -1) - (a.score ?? -1) ||
    a.queuedAt - b.queuedAt ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

function compareRanks(a: number | null, b: number | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a - b;
}

/**
 * The ranks that put `id` at `place` (0: first) among `studies`, as changes. Those before it are ranked too,
 * so that the order is as it was seen; those behind it that nobody has ranked stay without, and later ones of
 * a higher score still pass them.
 */
export function ranksAfterMove(
  studies: readonly SendingOrder[],
  id: string,
  place: number,
): ReadonlyMap<string, number> {
  const inOrder = studies.toSorted(compareForSending);
  const moved = inOrder.find((study) => study.id === id);
  if (!moved) return new Map();
  const order = inOrder.filter((study) => study.id !== id);
  order.splice(Math.max(0, place), 0, moved);
  const lastRanked = Math.max(
    order.indexOf(moved),
    order.findLastIndex((study) => study.rank !== null),
  );
  const changed = order
    .slice(0, lastRanked + 1)
    .map((study, rank) => ({ study, rank }))
    .filter(({ study, rank }) => study.rank !== rank);
  return new Map(changed.map(({ study, rank }) => [study.id, rank]));
}
