/** Tells what a verdict on a model’s finding says, in the model’s words and as a review would say it. */
import type { Correction, Finding, VERIFICATIONS } from './inference.ts';
import type { Positive } from './review-judgement.ts';

type Found = Pick<Finding, 'model' | 'positive' | 'probabilities' | 'image'>;
type Verdict = {
  readonly verdict: (typeof VERIFICATIONS)[number];
  readonly finding?: string | null | undefined;
};

const PNEUMONIAS: readonly string[] = [
  'pneumonia',
  'bacterial pneumonia',
  'viral pneumonia',
] satisfies Correction[];

/**
 * Answers that the model gave itself: who corrects it to one of them agrees with it. Above its threshold it says that
 * there is something, however likely it is that there is nothing.
 */
export function saidBy({ model, positive, probabilities, image }: Found): readonly string[] {
  if (model.id === 'image-kind') return [image.kind];
  if (positive === null) return [];
  if (!positive) return ['normal'];
  const kinds = (probabilities ?? []).filter(({ name }) => name !== 'normal');
  const [likeliest] = kinds.toSorted((a, b) => b.probability - a.probability);
  return [...(model.id === 'pneumonia' ? ['pneumonia'] : []), ...(likeliest ? [likeliest.name] : [])];
}

/** The verdict with a correction that is none turned into agreement. */
export const asMeant = <V extends Verdict>(said: V, found: Found): V =>
  said.verdict === 'correct' && saidBy(found).includes(said.finding ?? '')
    ? { ...said, verdict: 'agree', finding: null }
    : said;

/** Whether there is something, by the verdict; null: it does not say. */
function positiveOfVerdict({ verdict, finding }: Verdict, found: Positive): Positive {
  if (verdict === 'agree') return found;
  if (finding === 'normal') return false;
  return PNEUMONIAS.includes(finding ?? '') ? true : null;
}

/**
 * Whether it says something else than the settled reviews of the study. Where these contradict each other (`positive`
 * null), every verdict does: the next reading decides.
 */
export const isAgainst = (
  said: Verdict,
  found: Found,
  review: { readonly positive: Positive } | null,
): boolean =>
  review !== null &&
  found.positive !== null &&
  (review.positive === null || positiveOfVerdict(asMeant(said, found), found.positive) !== review.positive);
