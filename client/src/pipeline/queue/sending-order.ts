/** The sending order: first the order set by a person, then triage, then the time of queuing. Pure. */
import type { StudyRow } from './rows/local-database.ts';

export type SendingOrder = Pick<StudyRow, 'id' | 'rank' | 'score' | 'queuedAt'>;

/**
 * Ranked studies go before unranked ones, by ascending rank; then the higher score, then the older study. The result
 * is never 0 for two studies, so the order is the same everywhere.
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
 * The rank changes that move `id` to `place` (0: first) among `studies`. Studies before it are ranked too, so that
 * the order stays as the person saw it. Studies behind it stay unranked, so that later ones with a higher score can
 * still pass them.
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
