/** The findings of models in the studies of a review, as far as the reader is shown them, and the combined result. */
import type { Case } from '#shared/protocol/cases.ts';
import type { Result } from '#shared/protocol/inference.ts';
import { contradicts, positiveAmong, type Positive } from '#shared/protocol/review-judgement.ts';
import type { Review, ReviewPlace } from '#shared/protocol/reviews.ts';
import type { ApiClient } from '../../net/api-client.ts';
import { resultListSchema } from '../../results/parts/answers.ts';

/**
 * Reads the results, newest of each study first. The case names no studies to a blinded reader, so nothing is
 * requested.
 */
export async function readFound(
  api: Pick<ApiClient, 'json'>,
  { studies }: Case,
  signal: AbortSignal,
): Promise<readonly Result[]> {
  const found: Result[] = [];
  for (const { studyInstanceUID, results } of studies) {
    if (results.length === 0) continue;
    const query = new URLSearchParams({ study: studyInstanceUID, limit: `${results.length}` });
    const page = await api.json(`/results?${query}`, resultListSchema, { signal });
    found.push(...page.results);
  }
  return found;
}

const together = (found: readonly Result[]): Positive =>
  positiveAmong(found.map(({ finding }) => finding.positive));

/** Whether the reader should be asked before signing these answers. */
export const isContradiction = (
  { definition: { form } }: Review,
  said: NonNullable<ReviewPlace['said']>,
  found: readonly Result[],
): boolean => contradicts(form, said, together(found));

/** The results that the answers contradict: the positive ones, if there are any. */
export const inQuestion = (found: readonly Result[]): readonly Result[] =>
  found.filter(({ finding }) => finding.positive !== null && finding.positive === together(found));
