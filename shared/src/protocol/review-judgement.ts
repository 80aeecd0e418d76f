/**
 * Tells whether a reader's decision about a finding and their answers can both be true. The form says which answers
 * stand for a finding (`x-positive`) and which for none (`x-negative`); a form that does not say contradicts nothing.
 */
import type { Answers, ReviewForm } from './review-forms.ts';
import { ADJUDICATOR } from './review-state.ts';
import type { Decision } from './reviews.ts';

/** True: there is something; false: there is nothing; null: it does not say, or nobody knows. */
export type Positive = boolean | null;

/** The answers together: one that finds something is enough, and all must find nothing. */
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

/** The moment of a decision, and the place of its reader; `place` null: not known. */
type Decided = { readonly at: string; readonly place: number | null };
type Found = { readonly positive: Positive; readonly at: string };

/** Whether its reader was shown something that a model said: only then did they accept that. */
export const sawFinding = ({ at, place }: Decided, hidesFinding: boolean, found: readonly Found[]): boolean =>
  (!hidesFinding || place === ADJUDICATOR) && found.some((one) => one.positive !== null && one.at <= at);

/** The findings of models in a case together: one positive finding is enough. */
export function positiveAmong(findings: readonly Positive[]): Positive {
  if (findings.includes(true)) return true;
  return findings.includes(false) ? false : null;
}

/** `found`: by models, as far as the reader was shown it. A case that cannot be judged has no answers. */
export function contradicts(
  form: ReviewForm,
  { decision, answers }: { readonly decision: Decision; readonly answers: Answers },
  found: Positive,
): boolean {
  const said = positiveOf(form, answers);
  if (decision === 'reject' || said === null || found === null) return false;
  return decision === 'accept' ? said !== found : said === found;
}
