/** The review types, and the accounts that may read. */
import { useEffect, useState } from 'preact/hooks';
import { reviewTypesSchema, type ReviewTypes } from '#shared/protocol/reviews.ts';
import { troubleOf, type CaseTrouble } from '../cases/case-trouble.ts';
import { useApi } from '../net/net-context.ts';

/** Null until the gateway has told them. */
export function useReviewTypes(onTrouble: (trouble: CaseTrouble) => void): ReviewTypes | null {
  const api = useApi();
  const [types, setTypes] = useState<ReviewTypes | null>(null);
  useEffect(() => {
    api
      .json('/review-types', reviewTypesSchema)
      .then(setTypes)
      .catch((error: unknown) => onTrouble(troubleOf(error)));
  }, []);
  return types;
}
