/** Copies answers from another reading: chosen and measured ones, but no free text. */
import { splitAnswers, type ReviewForm } from '#shared/protocol/review-forms.ts';
import type { Said } from '#shared/protocol/reviews.ts';
import type { Answered } from './own-reading.ts';

export const takenAnswers = (form: ReviewForm, { decision, answers }: Said): Answered => ({
  decision,
  answers: splitAnswers(form, answers).coded,
  reason: '',
});
