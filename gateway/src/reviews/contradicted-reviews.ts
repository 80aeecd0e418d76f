/**
 * Settled reviews of one case and one type whose answers cannot both be true: one says that something is there, the
 * other that nothing is. Each has an outcome of its own, so nobody has decided between them.
 */
import { positiveOf } from '#shared/protocol/review-judgement.ts';
import type { CaseReader } from '../cases/case-rights.ts';
import type { Db } from '../database/database.ts';
import { settledReviewsOf, type FoundReview } from './list-reviews.ts';
import { decisionsOf, placesOf } from './review.store.ts';

/** The ids of such reviews in these cases, as far as the reader may know their outcome. */
export async function contradictedIn(
  db: Db,
  reader: CaseReader,
  caseIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const outcomes = await outcomesOf(db, await settledReviewsOf(db, reader, caseIds));
  const ofQuestion = Map.groupBy(outcomes, ({ question }) => question);
  return new Set(
    [...ofQuestion.values()].flatMap((those) =>
      new Set(those.map(({ positive }) => positive)).size > 1 ? those.map(({ id }) => id) : [],
    ),
  );
}

/** Of those that say whether there is something. */
async function outcomesOf(db: Db, found: readonly FoundReview[]) {
  const places = await placesOf(
    db,
    found.map(({ review }) => review.id),
  );
  const finals = found.flatMap(({ review }) => {
    const final = places.get(review.id)?.find(({ place }) => place === review.final_place);
    return final === undefined ? [] : [{ review, final }];
  });
  const decisions = await decisionsOf(
    db,
    finals.map(({ final }) => final),
  );
  return finals.flatMap(({ review, final }) => {
    const decision = decisions.get(final.decided_by_event ?? '');
    if (decision === undefined || decision.decision === 'reject') return [];
    const positive = positiveOf(review.definition.form, decision.answers ?? {});
    return positive === null
      ? []
      : [{ id: review.id, question: `${review.case_id} ${review.type_name}`, positive }];
  });
}
