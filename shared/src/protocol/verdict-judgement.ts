/**
 * Tells what a verdict on a model’s finding means, in the model’s own classes and as positive or negative, as a review
 * would put it.
 */
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
 * The answers that the model itself gave. Correcting it to one of them is agreeing with it. Above its threshold a model
 * says that there is something, however probable it finds "normal".
 */
export function saidBy({ model, positive, probabilities, image }: Found): readonly string[] {
  if (model.id === 'image-kind') return [image.kind];
  if (positive === null) return [];
  if (!positive) return ['normal'];
  const kinds = (probabilities ?? []).filter(({ name }) => name !== 'normal');
  const [likeliest] = kinds.toSorted((a, b) => b.probability - a.probability);
  return [...(model.id === 'pneumonia' ? ['pneumonia'] : []), ...(likeliest ? [likeliest.name] : [])];
}

/** The verdict, in which a correction to what the model already said becomes agreement. */
export const asMeant = <V extends Verdict>(said: V, found: Found): V =>
  said.verdict === 'correct' && saidBy(found).includes(said.finding ?? '')
    ? { ...said, verdict: 'agree', finding: null }
    : said;

/** Whether there is something, according to the verdict; null: it does not say. */
function positiveOfVerdict({ verdict, finding }: Verdict, found: Positive): Positive {
  if (verdict === 'agree') return found;
  if (finding === 'normal') return false;
  return PNEUMONIAS.includes(finding ?? '') ? true : null;
}

/**
 * Whether the verdict contradicts the settled reviews of the study. If those contradict each other (`positive` null),
 * every verdict counts as contradicting them: the next reading decides.
 */
export const isAgainst = (
  said: Verdict,
  found: Found,
  review: { readonly positive: Positive } | null,
): boolean =>
  review !== null &&
  found.positive !== null &&
  (review.positive === null || positiveOfVerdict(asMeant(said, found), found.positive) !== review.positive);
