/**
 * Settled reviews of one case and one type whose answers cannot both be true: one says that something is there, the
 * other that nothing is. Each has an outcome of its own, so nobody has decided between them.
 */
import { positiveOf } from '#shared/protocol/review-judgement.ts';
import type { Db } from '../database/database.ts';
import type { FoundReview } from './list-reviews.ts';
import { decisionsOf, type PlaceRow } from './review.store.ts';

type Places = ReadonlyMap<string, readonly PlaceRow[]>;

/** The ids of such reviews among these settled ones. */
export async function contradictedIn(
  db: Db,
  settled: readonly FoundReview[],
  places: Places,
): Promise<ReadonlySet<string>> {
  const outcomes = await outcomesOf(db, settled, places);
  const ofQuestion = Map.groupBy(outcomes, ({ question }) => question);
  return new Set(
    [...ofQuestion.values()].flatMap((those) =>
      new Set(those.map(({ positive }) => positive)).size > 1 ? those.map(({ id }) => id) : [],
    ),
  );
}

/** Of those that say whether there is something. */
async function outcomesOf(db: Db, found: readonly FoundReview[], places: Places) {
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
