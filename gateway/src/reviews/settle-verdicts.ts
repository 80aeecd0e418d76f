/**
 * Turns a reader's decision on a model's finding into a verdict. The reader's answers must not contradict the decision,
 * and once the review is settled, it becomes the verdict on the finding (protocol/reviews.md). Reviews make verdicts
 * nowhere else.
 */
import { CORRECTIONS, type Correction } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { contradicts, positiveAmong, positiveOf } from '#shared/protocol/review-judgement.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import { REVIEWERS, type Decision } from '#shared/protocol/reviews.ts';
import type { Answers } from '#shared/protocol/review-forms.ts';
import type { Trx } from '../database/database.ts';
import { isNotBlinded } from '../findings/result-reach.ts';
import type { ResultRow, Verification } from '../results/result.store.ts';
import { keepVerdict } from '../results/verify-result.ts';
import { decisionsOf, type PlaceRow, type ReviewRow } from '../findings/review.store.ts';
import type { ReviewTools } from './review-tools.ts';

type Reading = { readonly review: ReviewRow; readonly place: PlaceRow };
type Judged = {
  readonly said: { readonly decision: Decision; readonly answers: Answers };
  /** The results that the reader was shown and that are positive or negative. */
  readonly results: readonly ResultRow[];
};

/** @throws Problem review-contradicts. */
export async function requireAgreement(trx: Trx, reading: Reading): Promise<void> {
  const judged = await judgedIn(trx, reading);
  if (judged !== null && isContradiction(reading.review, judged)) throw new Problem('review-contradicts');
}

const foundIn = ({ results }: Judged) => positiveAmong(results.map(({ positive }) => positive));

const isContradiction = ({ definition }: ReviewRow, judged: Judged): boolean =>
  contradicts(definition.form, judged.said, foundIn(judged));

/** Call it in the transaction that settles the review. `place`: the place whose answers stand. */
export async function settleVerdicts(
  { jobs }: Pick<ReviewTools, 'jobs'>,
  trx: Trx,
  reading: Reading,
  now: Date,
): Promise<void> {
  const judged = await judgedIn(trx, reading);
  if (judged === null || isContradiction(reading.review, judged)) return;
  const by = reading.place.account_id!;
  for (const result of judged.results) {
    const said = verdictOn(result, reading.review, judged);
    if (said === null || (said.verdict === result.verdict && said.finding === result.verified_finding))
      continue;
    await keepVerdict(trx, result, { ...said, sealedReason: null, by, now }, jobs);
  }
}

/** Locks the results in the order of their ids. Null: the decision is not about anything that the reader was shown. */
async function judgedIn(trx: Trx, { review, place }: Reading): Promise<Judged | null> {
  const event = (await decisionsOf(trx, [place])).get(place.decided_by_event ?? '');
  if (event?.decision == null || event.decision === 'reject') return null;
  if (review.hides_finding && place.place !== ADJUDICATOR) return null;
  const reader = { id: place.account_id!, siteId: review.site_id, roles: [...REVIEWERS] };
  const results = await trx
    .selectFrom('inference_result as r')
    .selectAll('r')
    .where('r.site_id', '=', review.site_id)
    .where('r.study_instance_uid', 'in', (of) =>
      of.selectFrom('case_study as s').select('s.study_instance_uid').where('s.case_id', '=', review.case_id),
    )
    .where('r.positive', 'is not', null)
    .where('r.created_at', '<=', event.at)
    // Another review may have hidden the result from them.
    .where(isNotBlinded('r', reader))
    .orderBy('r.id')
    .forUpdate()
    .execute();
  return { said: { decision: event.decision, answers: event.answers ?? {} }, results };
}

/** Null: the reader's correction is not about this result. */
function verdictOn(
  { model_id, positive }: ResultRow,
  { definition: { form } }: ReviewRow,
  judged: Judged,
): Pick<Verification, 'verdict' | 'finding'> | null {
  const { decision, answers } = judged.said;
  if (decision === 'accept') return { verdict: 'agree', finding: null };
  if (positive !== foundIn(judged)) return null;
  const chosen = Object.values(answers).find(isCorrection);
  const said = positiveOf(form, answers);
  const ofModel = said === true && model_id === 'pneumonia' ? 'pneumonia' : 'other';
  return { verdict: 'correct', finding: chosen ?? (said === false ? 'normal' : ofModel) };
}

const isCorrection = (answer: string | number): answer is Correction =>
  CORRECTIONS.some((one) => one === answer);
