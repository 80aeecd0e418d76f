/**
 * Takes unsigned readings away from an account that may no longer read them: the account was disabled, has lost the
 * role, or is a sample account and the case is not. The next reader is chosen as the review type says; otherwise the
 * place becomes free. Unsigned answers stay in the history.
 */
import { ADJUDICATOR, isEnded, isReleased } from '#shared/protocol/review-state.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import { candidatesFor, chooseReaders, lockTurn, type Candidate } from './choose-readers.ts';
import {
  insertEvent,
  lockReview,
  placesOf,
  updatePlace,
  type PlaceRow,
  type ReviewRow,
} from '../findings/review.store.ts';
import type { ReviewTools } from './review-tools.ts';
import { whoSawFinding, whoSawWhileTaken } from './who-saw.ts';

export type Leaver = { readonly siteId: string; readonly accountId: string; readonly by: string };

/** Each review is handled in a transaction of its own, so an interrupted run can be repeated and continues. */
export async function releasePlaces(
  tools: Pick<ReviewTools, 'db' | 'now' | 'newId'>,
  leaver: Leaver,
): Promise<void> {
  const held = await tools.db
    .selectFrom('review_place')
    .innerJoin('review', 'review.id', 'review_place.review_id')
    .select('review.id')
    .where('review_place.account_id', '=', leaver.accountId)
    .where('review_place.state', 'in', ['assigned', 'decided'])
    .where('review.state', 'in', ['reading', 'adjudication'])
    .execute();
  for (const { id } of held)
    await tools.db.transaction().execute(async (trx) => {
      const review = await lockReview(trx, leaver.siteId, id);
      const places = (await placesOf(trx, [id])).get(id) ?? [];
      const place = places.find((one) => one.account_id === leaver.accountId);
      if (place === undefined || isEnded(review.state) || !isReleased(place.state)) return;
      await release(tools, trx, { leaver, review, places, place });
    });
}

type Held = {
  readonly leaver: Leaver;
  readonly review: ReviewRow;
  readonly places: readonly PlaceRow[];
  readonly place: PlaceRow;
};

async function release(
  { now, newId }: Pick<ReviewTools, 'now' | 'newId'>,
  trx: Trx,
  held: Held,
): Promise<void> {
  const { leaver, review, place } = held;
  await lockTurn(trx);
  const { byHand, byTurn } = await candidatesFor(trx, review);
  // Meanwhile the account has got its rights back.
  if (byHand.some(({ id }) => id === leaver.accountId)) return;
  const at = now();
  const next = await nextReader(trx, held, byTurn);
  const free = { state: 'open', account_id: null, assigned_at: null, decided_by_event: null } as const;
  await updatePlace(
    trx,
    place,
    next === null ? free : { ...free, state: 'assigned', account_id: next, assigned_at: at },
  );
  const of = { review_id: review.id, place: place.place, version: place.version + 1, at };
  await insertEvent(trx, { ...of, id: newId(), step: 'release', by_account: leaver.by, to_account: next });
  const said = { reviewId: review.id, caseId: review.case_id, by: leaver.by, place: place.place };
  const who = next === null ? {} : { readerId: next };
  await recordAudit(trx, review.site_id, { event: 'review-released', ...said, ...who }, at);
}

/** Null: no candidate is left, or people are assigned by hand. */
async function nextReader(
  trx: Trx,
  { review, places, place }: Held,
  byTurn: readonly Candidate[],
): Promise<string | null> {
  const readers = new Set(places.map(({ account_id: id }) => id));
  const others = byTurn.filter(({ id }) => !readers.has(id));
  const free = place.place === ADJUDICATOR ? others : await blindOf(trx, review, others);
  return chooseReaders(free, review.definition.assignment, 1)[0] ?? null;
}

/** The candidates who have seen nothing that is hidden from readers of this review. */
async function blindOf(trx: Trx, review: ReviewRow, candidates: readonly Candidate[]): Promise<Candidate[]> {
  const of = { caseId: review.case_id, since: review.opened_at };
  const ids = candidates.map(({ id }) => id);
  const saw = review.hides_finding ? await whoSawFinding(trx, of, ids) : new Set<string>();
  const sawLater = await whoSawWhileTaken(trx, review, ids);
  return candidates.filter(({ id }) => !saw.has(id) && !sawLater.has(id));
}
