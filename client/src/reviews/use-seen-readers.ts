/** The accounts that may have seen what a blinded reading is to be made without. */
import { useEffect, useState } from 'preact/hooks';
import { caseReadersSchema } from '#shared/protocol/reviews.ts';
import { useApi } from '../net/net-context.ts';

/** `ids`: empty until the gateway has told them. `isUnknown`: it could not be asked, or does not tell this person. */
type SeenReaders = { readonly ids: readonly string[]; readonly isUnknown: boolean };

/** `reviewId` null: a review to be opened. */
export function useSeenReaders(caseId: string, reviewId: string | null): SeenReaders {
  const api = useApi();
  const [seen, setSeen] = useState<SeenReaders>({ ids: [], isUnknown: false });
  useEffect(() => {
    const closed = new AbortController();
    const { signal } = closed;
    const path = `/cases/${caseId}/readers${reviewId === null ? '' : `?review=${reviewId}`}`;
    api
      .json(path, caseReadersSchema, { signal })
      .then((told) => setSeen({ ids: told.seen, isUnknown: !told.isTold }))
      .catch(() => signal.aborted || setSeen({ ids: [], isUnknown: true }));
    return () => closed.abort();
  }, [caseId, reviewId]);
  return seen;
}
