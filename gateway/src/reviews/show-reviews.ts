/**
 * Reviews in the form in which a person sees them. Until a review is settled, readers see their own place and free
 * ones. The adjudicator sees the readers' answers without their names. An administrator who holds no place in it sees
 * who reads, but not the answers. The person who opened it sees the same or, if they read it themselves, only those who
 * have not signed. A reader who reads the case again, blinded, learns only that others read it.
 */
import { CASE_PRIORITIES } from '#shared/protocol/cases.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import {
  REVIEWERS,
  type CaseReview,
  type ListedReview,
  type Review,
  type ReviewPlace,
  type Said,
} from '#shared/protocol/reviews.ts';
import { modalitiesOfCases } from '../cases/case-facts.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { pseudonymOf, type CaseCipher } from '../cases/case-seal.ts';
import { usernamesOf } from '../cases/case.store.ts';
import { isKeptFromReaders } from '../findings/blinding.ts';
import { mayWithdraw } from './change-review.ts';
import { countNotesAfter, notesAfter, readingsAfter } from './came-after.ts';
import { outcomesNow } from '../findings/compare-outcomes.ts';
import { settledReviewsOf, type FoundReview, type SeenReview } from './list-reviews.ts';
import { decisionsOf, eventsOf, placesOf, type EventRow, type PlaceRow } from '../findings/review.store.ts';
import type { ReviewTools } from './review-tools.ts';
import { openTyped } from './seal-decision.ts';

/** `isAnonymous`: the viewer asked to leave out everything that may hold a name. */
export type Viewer = CaseReader & { readonly isAnonymous: boolean };
type Sight = { readonly reader: boolean; readonly said: boolean };

/** The parts of a place that the viewer sees; null: not even that the place exists. */
export function sightOf(
  review: SeenReview,
  place: PlaceRow,
  viewer: Viewer,
  own: PlaceRow | undefined,
): Sight | null {
  if (isOpenTo(review) || place.account_id === viewer.id) return { reader: true, said: true };
  if (review.state === 'settled') return null;
  if (place.state === 'open') return { reader: false, said: false };
  if (review.state === 'adjudication' && own?.place === ADJUDICATOR) return { reader: false, said: true };
  if (assigns(viewer, own)) return { reader: true, said: false };
  // The person who opened the review may know for whom it waits. If they are a reader too, the names of those who have
  // signed are hidden.
  if (review.opened_by === viewer.id)
    return { reader: own === undefined || place.state !== 'signed', said: false };
  return null;
}

const isOpenTo = ({ state, is_hidden }: SeenReview): boolean => state === 'settled' && !is_hidden;

/** An administrator who reads no reviews is not blinded to any reader. */
export const mayListOthers = ({ roles }: CaseReader): boolean =>
  roles.includes('admin') && !roles.some((role) => REVIEWERS.includes(role));

const assigns = ({ roles }: Viewer, own: PlaceRow | undefined): boolean =>
  roles.includes('admin') && own === undefined;

/** Reviews in the order of the rows. */
export async function showReviews(
  { db, seal }: Pick<ReviewTools, 'db' | 'seal'>,
  viewer: Viewer,
  rows: readonly FoundReview[],
): Promise<ListedReview[]> {
  const open = rows.filter(({ review }) => isOpenTo(review));
  const settled = await settledReviewsOf(db, viewer, [...new Set(open.map(({ of }) => of.id))]);
  const reviewIds = new Set([...rows, ...settled].map(({ review }) => review.id));
  const places = await placesOf(db, [...reviewIds]);
  const all = [...places.values()].flat();
  const decisions = await decisionsOf(db, all);
  const names = await usernamesOf(db, [...new Set(all.flatMap(({ account_id }) => account_id ?? []))]);
  const caseIds = [...new Set(rows.map(({ of }) => of.id))];
  const modalities = await modalitiesOfCases(db, viewer.siteId, caseIds);
  const outcomes = await outcomesNow(db, viewer.siteId, [...new Set(open.map(({ of }) => of.id))], viewer);
  const notes = await countNotesAfter(
    db,
    viewer,
    open.map(({ review }) => review.id),
  );
  return rows.map(({ review, of }) => {
    const those = places.get(review.id) ?? [];
    const own = those.find(({ account_id }) => account_id === viewer.id);
    const isShown = those.some((place) => sightOf(review, place, viewer, own)?.said);
    const cipher = isShown ? seal.cipherOf(of.id, of.wrapped_key) : null;
    return {
      ...bareOf({ review, of }),
      modalities: [...(modalities.get(of.id) ?? [])],
      outcomeNow: outcomes.get(review.id)?.now ?? null,
      positive: outcomes.get(review.id)?.positive ?? null,
      notesAfter: notes.get(review.id) ?? 0,
      readingsAfter: isOpenTo(review) ? readingsAfter(review, { settled, places, names }) : [],
      hidesFinding: review.hides_finding && review.state === 'reading' && isReading(own),
      places: those.flatMap((place): ReviewPlace[] => {
        const sight = sightOf(review, place, viewer, own);
        if (sight === null) return [];
        const decision = decisions.get(place.decided_by_event ?? '');
        return [
          {
            place: place.place,
            state: place.state,
            version: place.version,
            isMine: place.account_id === viewer.id,
            reader: sight.reader ? personOf(place.account_id, names) : null,
            said: sight.said && decision !== undefined ? saidIn(decision, cipher, viewer) : null,
            signedAt: place.signed_at?.toISOString() ?? null,
          },
        ];
      }),
    };
  });
}

const isReading = (own: PlaceRow | undefined): boolean =>
  own?.state === 'assigned' || own?.state === 'decided';

function bareOf({ review, of }: FoundReview) {
  return {
    id: review.id,
    number: review.number,
    caseId: review.case_id,
    caseNumber: of.number,
    pseudonym: of.patient_print === null ? null : pseudonymOf(of.patient_print),
    priority: CASE_PRIORITIES[of.priority] ?? 'routine',
    dueOn: of.due_on,
    isEarly: review.is_early,
    type: review.type_name,
    typeVersion: review.type_version,
    title: review.definition.title,
    state: review.state,
    openedAt: review.opened_at.toISOString(),
    settledAt: review.settled_at?.toISOString() ?? null,
  } satisfies Partial<ListedReview>;
}

function personOf(id: string | null, names: ReadonlyMap<string, string>): ReviewPlace['reader'] {
  const username = id === null ? undefined : names.get(id);
  return username === undefined ? null : { id: id!, username };
}

function saidIn(event: EventRow, cipher: CaseCipher | null, { isAnonymous }: Viewer): Said {
  const typed = isAnonymous ? null : openTyped(cipher, event);
  return {
    decision: event.decision!,
    answers: { ...event.answers, ...typed?.answers },
    reason: typed?.reason ?? null,
    at: event.at.toISOString(),
  };
}

/** Reviews in the order of the rows. */
export async function showCaseReviews(
  tools: Pick<ReviewTools, 'db' | 'seal'>,
  viewer: Viewer,
  rows: readonly FoundReview[],
): Promise<CaseReview[]> {
  const listed = await showReviews(tools, viewer, rows);
  return listed.map((one, at) => {
    const { definition, final_place, is_hidden } = rows[at]!.review;
    return { ...one, definition, finalPlace: is_hidden ? null : final_place };
  });
}

export async function showReview(tools: ReviewTools, viewer: Viewer, found: FoundReview): Promise<Review> {
  const { review } = found;
  const [shown] = await showCaseReviews(tools, viewer, [found]);
  return {
    ...shown!,
    laterNotes: isOpenTo(review) && !viewer.isAnonymous ? await notesAfter(tools, viewer, found) : [],
    seenBefore: await seenBefore(tools, viewer, review),
    mayWithdraw: mayWithdraw(review, viewer),
    history: await historyOf(tools, viewer, review),
  };
}

/**
 * Lists the places whose readers had seen hidden findings. While the review is under way, viewers who may not know its
 * readers see this of their own place only.
 */
async function seenBefore({ db }: ReviewTools, viewer: Viewer, review: SeenReview): Promise<number[]> {
  const isOwnOnly = !isOpenTo(review) && (await isKeptFromReaders(db, viewer, review.case_id));
  const seen = (await eventsOf(db, review.id)).filter(({ saw_hidden }) => saw_hidden);
  const places = (await placesOf(db, [review.id])).get(review.id) ?? [];
  const own = places.find(({ account_id }) => account_id === viewer.id);
  return places
    .filter((place) => (isOwnOnly ? place === own : sightOf(review, place, viewer, own)?.reader === true))
    .filter(({ account_id }) => seen.some(({ to_account }) => to_account === account_id))
    .map(({ place }) => place);
}

async function historyOf(
  { db }: ReviewTools,
  viewer: Viewer,
  review: SeenReview,
): Promise<Review['history']> {
  const events = await eventsOf(db, review.id);
  const places = (await placesOf(db, [review.id])).get(review.id) ?? [];
  const own = places.find(({ account_id }) => account_id === viewer.id);
  const isSettled = isOpenTo(review);
  const knowsPeople = isSettled || assigns(viewer, own);
  const people = events.flatMap(({ by_account, to_account }) => [by_account ?? [], to_account ?? []].flat());
  const names = await usernamesOf(db, [...new Set(people)]);
  const nameOf = (id: string | null): string | null =>
    id !== null && (knowsPeople || id === viewer.id) ? (names.get(id) ?? null) : null;
  return events
    .filter(
      ({ place, by_account, to_account }) =>
        knowsPeople ||
        place === null ||
        to_account === viewer.id ||
        (by_account === viewer.id && own?.place === place),
    )
    .map(({ step, place, by_account, to_account, decision, at }) => ({
      step,
      place,
      by: nameOf(by_account),
      to: nameOf(to_account),
      decision: isSettled || by_account === viewer.id ? decision : null,
      at: at.toISOString(),
    }));
}
