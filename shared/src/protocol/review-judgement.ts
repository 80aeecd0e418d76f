/**
 * Tells whether a reader's decision about a finding and their answers can both be true. The form says which answers
 * mean that something was found (`x-positive`) and which that nothing was (`x-negative`). If a form says neither,
 * nothing can contradict it.
 */
import type { Answers, ReviewForm } from './review-forms.ts';
import { ADJUDICATOR } from './review-state.ts';
import type { Decision } from './reviews.ts';

/** True: there is something; false: there is nothing; null: not stated, or not known. */
export type Positive = boolean | null;

/** Judges all answers together: one positive answer is enough for positive; negative needs every one to be negative. */
export function positiveOf({ properties }: ReviewForm, answers: Answers): Positive {
  const all = Object.entries(properties).flatMap(([name, field]): Positive[] => {
    if (field['x-field'] !== 'radio') return [];
    const { 'x-positive': positive = [], 'x-negative': negative = [] } = field;
    if (positive.length + negative.length === 0) return [];
    const answer = Object.hasOwn(answers, name) ? String(answers[name]) : '';
    return [positive.includes(answer) ? true : negative.includes(answer) ? false : null];
  });
  if (all.includes(true)) return true;
  return all.length > 0 && all.every((one) => one === false) ? false : null;
}

/** When a decision was made, and the place of its reader; `place` null: not known. */
type Decided = { readonly at: string; readonly place: number | null };
type Found = { readonly positive: Positive; readonly at: string };

/** Whether the reader of a decision was shown what a model found. Only then can they have accepted it. */
export const sawFinding = ({ at, place }: Decided, hidesFinding: boolean, found: readonly Found[]): boolean =>
  (!hidesFinding || place === ADJUDICATOR) && found.some((one) => one.positive !== null && one.at <= at);

/** Judges the findings of all models in a case together: one positive finding is enough. */
export function positiveAmong(findings: readonly Positive[]): Positive {
  if (findings.includes(true)) return true;
  return findings.includes(false) ? false : null;
}

/**
 * `found`: what models found, as far as it was shown to the reader. A decision that the case cannot be judged has no
 * answers.
 */
export function contradicts(
  form: ReviewForm,
  { decision, answers }: { readonly decision: Decision; readonly answers: Answers },
  found: Positive,
): boolean {
  const said = positiveOf(form, answers);
  if (decision === 'reject' || said === null || found === null) return false;
  return decision === 'accept' ? said !== found : said === found;
}
