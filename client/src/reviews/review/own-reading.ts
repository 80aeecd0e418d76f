/** The caller's own reading, including steps that this device has not yet sent to the gateway. */
import type { Decide, Review, ReviewPlace, Said } from '#shared/protocol/reviews.ts';
import type { Unsent } from './review-marks.ts';

/** A reader's decision on a case, with the answers of the form. */
export type Answered = Pick<Decide, 'decision' | 'answers' | 'reason'>;

/** The answers that the device keeps since a step was refused, and when they were made; null: none. */
export function keptIn(unsent: readonly Unsent[]): { readonly said: Answered; readonly at: string } | null {
  const last = unsent.map(({ given }) => given).findLast(({ step }) => step !== 'annotate');
  if (last === undefined || last.step === 'annotate') return null;
  const said = last.step === 'decide' ? last.request : last.said;
  if (said === null) return null;
  const { decision, answers, reason } = said;
  return { said: { decision, answers, reason }, at: new Date(last.at).toISOString() };
}

/** The answers in the form's format. */
export const answeredIn = ({ decision, answers, reason }: Said): Answered => ({
  decision,
  answers,
  reason: reason ?? '',
});

/** The caller's place as it will be once everything that waits is sent. Steps behind a refused step are left out. */
export function ownIn(review: Review | null, unsent: readonly Unsent[]): ReviewPlace | null {
  const place = review?.places.find(({ isMine }) => isMine) ?? null;
  if (place === null) return null;
  const refused = unsent.findIndex(({ trouble }) => trouble !== null);
  const waiting = unsent
    .slice(0, refused < 0 ? unsent.length : refused)
    .map(({ given }) => given)
    .filter(({ step }) => step !== 'annotate');
  const said = waiting.findLast((given) => given.step === 'decide');
  const version = place.version + waiting.length;
  const isSigned = waiting.some(({ step }) => step === 'sign');
  if (said?.step !== 'decide') return isSigned ? { ...place, version, state: 'signed' } : place;
  const { decision, answers, reason } = said.request;
  const at = new Date(said.at).toISOString();
  return {
    ...place,
    version,
    state: isSigned ? 'signed' : 'decided',
    said: { decision, answers, reason, at },
  };
}
