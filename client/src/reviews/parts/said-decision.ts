/**
 * A decision in the words that its reader saw. The words depend on whether models had found something for that reader.
 */
import type { Result } from '#shared/protocol/inference.ts';
import { sawFinding } from '#shared/protocol/review-judgement.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { Decision, Review } from '#shared/protocol/reviews.ts';
import { reviewWords } from './review-words.ts';

type Decided = {
  readonly decision: Decision;
  readonly at: string;
  /** Null: not known. */
  readonly place: number | null;
};

/** `found`: the results as far as they are shown now; null: not known yet. */
export function saidDecision(
  { decision, at, place }: Decided,
  { definition }: Pick<Review, 'definition'>,
  found: readonly Result[] | null,
): string {
  const { decisions, judged } = reviewWords.form;
  if (decision !== 'accept') return decisions[decision];
  const { hidesFinding } = definition;
  if (found === null && (!hidesFinding || place === ADJUDICATOR)) return reviewWords.decisions[decision];
  const models = (found ?? []).map(({ createdAt, finding }) => ({
    at: createdAt,
    positive: finding.positive,
  }));
  return sawFinding({ at, place }, hidesFinding, models) ? decisions.accept : judged;
}
