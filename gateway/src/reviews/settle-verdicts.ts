/**
 * Turns a reader's decision on a model's finding into a verdict. The reader's answers must not contradict the decision,
 * and once the review is settled, it becomes the verdict on the finding (protocol/reviews.md). Reviews make verdicts
 * nowhere else.
 */
import { CORRECTIONS, type Correction } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { contradicts, positiveAmong, positiveOf, type Positive } from '#shared/protocol/review-judgement.ts';
import { isAgainst } from '#shared/protocol/verdict-judgement.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import { REVIEWERS, type Decision } from '#shared/protocol/reviews.ts';
import type { Answers } from '#shared/protocol/review-forms.ts';
import type { Trx } from '../database/database.ts';
import { isNotBlinded } from '../findings/result-reach.ts';
import type { ResultRow, Verification } from '../results/result.store.ts';
import { keepVerdict } from '../results/verify-result.ts';
import { decisionsOf, type PlaceRow, type ReviewRow } from '../findings/review.store.ts';
import type { ReviewTools } from './review-tools.ts';

type Said = Pick<Verification, 'verdict' | 'finding'>;
const AGREES: Said = { verdict: 'agree', finding: null };
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

/**
 * Stores the verdicts of a review in the transaction that settles it. `place`: the place whose answers stand. Other
 * verdicts on findings of the case's studies that say the opposite are replaced, also if the readers were not shown
 * these findings, so that no report in the PACS contradicts the review.
 */
export async function settleVerdicts(
  { jobs }: Pick<ReviewTools, 'jobs'>,
  trx: Trx,
  reading: Reading,
  now: Date,
): Promise<void> {
  const { review, place } = reading;
  const keep = async (result: ResultRow, said: Said): Promise<void> => {
    const by = place.account_id!;
    const isSame = said.verdict === result.verdict && said.finding === result.verified_finding;
    // Another person's verdict is signed again, because its report may say that it is contradicted.
    if (isSame && by === result.verified_by) return;
    await keepVerdict(trx, result, { ...said, sealedReason: null, by, now }, jobs);
  };
  const judged = await judgedIn(trx, reading);
  if (judged !== null && !isContradiction(review, judged))
    for (const result of judged.results) {
      const said = verdictOn(result, review, judged);
      if (said !== null) await keep(result, said);
    }
  const said = await saidAt(trx, place);
  const positive = said && positiveOf(review.definition.form, said.answers);
  if (said === null || positive === null) return;
  const results = await resultsOf(trx, review).execute();
  for (const result of contradicted(results, positive))
    await keep(result, result.positive === positive ? AGREES : correction(result, positive, said.answers));
}

/** The results with a verdict that says the opposite. One positive image is enough for a positive study. */
function contradicted(results: readonly ResultRow[], positive: boolean): readonly ResultRow[] {
  const isAnswered = positive && results.some((result) => result.positive);
  return results.filter(
    ({ verdict, verified_finding: said, finding, positive: found }) =>
      verdict !== null &&
      (!isAnswered || found) &&
      isAgainst({ verdict, finding: said }, finding, { positive }),
  );
}

/** Null: the place has no decision, or the case cannot be judged. */
async function saidAt(trx: Trx, place: PlaceRow) {
  const event = (await decisionsOf(trx, [place])).get(place.decided_by_event ?? '');
  if (event?.decision == null || event.decision === 'reject') return null;
  return { decision: event.decision, answers: event.answers ?? {}, at: event.at };
}

/** Positive and negative results of the case's studies. Locks them in the order of their ids. */
const resultsOf = (trx: Trx, { site_id, case_id }: ReviewRow) =>
  trx
    .selectFrom('inference_result as r')
    .selectAll('r')
    .where('r.site_id', '=', site_id)
    .where('r.study_instance_uid', 'in', (of) =>
      of.selectFrom('case_study as s').select('s.study_instance_uid').where('s.case_id', '=', case_id),
    )
    .where('r.positive', 'is not', null)
    .orderBy('r.id')
    .forUpdate();

/** Null: the decision is not about anything that the reader was shown. */
async function judgedIn(trx: Trx, { review, place }: Reading): Promise<Judged | null> {
  const said = await saidAt(trx, place);
  if (said === null || (review.hides_finding && place.place !== ADJUDICATOR)) return null;
  const reader = { id: place.account_id!, siteId: review.site_id, roles: [...REVIEWERS] };
  const results = await resultsOf(trx, review)
    .where('r.created_at', '<=', said.at)
    // Another review may have hidden the result from them.
    .where(isNotBlinded('r', reader))
    .execute();
  return { said, results };
}

/** Null: the reader's correction is not about this result. */
function verdictOn(result: ResultRow, { definition: { form } }: ReviewRow, judged: Judged): Said | null {
  const { decision, answers } = judged.said;
  if (decision === 'accept') return AGREES;
  return result.positive === foundIn(judged) ? correction(result, positiveOf(form, answers), answers) : null;
}

function correction({ model_id }: ResultRow, positive: Positive, answers: Answers): Said {
  const chosen = Object.values(answers).find(isCorrection);
  const ofModel = positive === true && model_id === 'pneumonia' ? 'pneumonia' : 'other';
  return { verdict: 'correct', finding: chosen ?? (positive === false ? 'normal' : ofModel) };
}

const isCorrection = (answer: string | number): answer is Correction =>
  CORRECTIONS.some((one) => one === answer);
