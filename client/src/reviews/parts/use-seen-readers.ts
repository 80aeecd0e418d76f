/** The accounts that may have seen what is hidden from blinded readers. */
import { caseReadersSchema } from '#shared/protocol/reviews.ts';
import { useTold } from '../../net/use-told.ts';

/** Ids of accounts. `unknown`: the gateway could not be asked, or does not tell this person. */
export type SeenReaders = readonly string[] | 'loading' | 'unknown';

/** `reviewId` null: for a review that is about to be opened. */
export function useSeenReaders(caseId: string, reviewId: string | null): SeenReaders {
  const query = reviewId === null ? '' : `?review=${reviewId}`;
  const answer = useTold(`/cases/${caseId}/readers${query}`, caseReadersSchema).answer.value;
  if (answer.state !== 'known') return answer.state === 'loading' ? 'loading' : 'unknown';
  return answer.value.isTold ? answer.value.seen : 'unknown';
}

export const hasSeen = (seen: SeenReaders, id: string): boolean => Array.isArray(seen) && seen.includes(id);
