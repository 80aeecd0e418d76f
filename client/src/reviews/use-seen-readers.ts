/** The accounts that may have seen what a blinded reading is to be made without. */
import { useEffect, useState } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { caseReadersSchema } from '#shared/protocol/reviews.ts';
import { useApi } from '../net/net-context.ts';

/** `reviewId` null: a review to be opened. Empty until the gateway has told them. */
export function useSeenReaders(caseId: string, reviewId: string | null): readonly string[] {
  const api = useApi();
  const [seen, setSeen] = useState<readonly string[]>([]);
  useEffect(() => {
    const closed = new AbortController();
    const path = `/cases/${caseId}/readers${reviewId === null ? '' : `?review=${reviewId}`}`;
    const ask = async () =>
      setSeen((await api.json(path, caseReadersSchema, { signal: closed.signal })).seen);
    void ignoreFailure(ask(), 'the gateway refuses what is not allowed, and the review tells of the others');
    return () => closed.abort();
  }, [caseId, reviewId]);
  return seen;
}
