/**
 * Notes and readings that were added to the case of a review after it was settled, for example when a reader corrects a
 * signed answer. The review mentions them, because its answers are then not the latest.
 */
import { sql } from 'kysely';
import type { CaseNotes } from '#shared/protocol/cases.ts';
import type { ListedReview } from '#shared/protocol/reviews.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { shownNotes } from '../cases/show-notes.ts';
import type { Db } from '../database/database.ts';
import { isHiddenWriting, writtenIn } from '../findings/blinding.ts';
import type { FoundReview } from './list-reviews.ts';
import type { PlaceRow } from '../findings/review.store.ts';
import type { ReviewTools } from './review-tools.ts';

/** For each of these reviews that has later notes, the number of them that the reader may read. */
export async function countNotesAfter(
  db: Db,
  reader: CaseReader,
  reviewIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (reviewIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('review')
    .innerJoin('case_note', 'case_note.case_id', 'review.case_id')
    .select('review.id')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('review.id', 'in', [...reviewIds])
    .where(sql<boolean>`case_note.at > review.settled_at`)
    .where(sql<boolean>`not ${isHiddenWriting(reader, writtenIn('case_note'))}`)
    .groupBy('review.id')
    .execute();
  return new Map(rows.map(({ id, count }) => [id, count]));
}

/** The later notes themselves; none if the review is not settled. */
export async function notesAfter(
  tools: Pick<ReviewTools, 'db' | 'seal'>,
  reader: CaseReader,
  { review: { settled_at }, of }: FoundReview,
): Promise<CaseNotes['notes']> {
  if (settled_at === null) return [];
  const { notes } = await shownNotes(tools, reader, of);
  return notes.filter(({ at }) => new Date(at) > settled_at);
}

type Settled = {
  /** Settled reviews of this case and of others whose outcome the reader may know, oldest first. */
  readonly settled: readonly FoundReview[];
  readonly places: ReadonlyMap<string, readonly PlaceRow[]>;
  readonly names: ReadonlyMap<string, string>;
};

export function readingsAfter(
  { case_id, settled_at }: FoundReview['review'],
  { settled, places, names }: Settled,
): ListedReview['readingsAfter'] {
  return settled.flatMap(({ review: { id, case_id: caseId, settled_at: at, definition } }) => {
    if (settled_at === null || at === null || caseId !== case_id || at <= settled_at) return [];
    const by = (places.get(id) ?? []).flatMap(({ account_id }) => names.get(account_id ?? '') ?? []);
    return [{ id, title: definition.title, by, at: at.toISOString() }];
  });
}
