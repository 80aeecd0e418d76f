/** Database access to reviews. Rows are returned as they are stored. */
import type { Insertable, Selectable } from 'kysely';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db, Trx } from '../database/database.ts';
import type { ReviewEventTable, ReviewPlaceTable, ReviewTable } from '../database/review-tables.ts';

export type ReviewRow = Selectable<ReviewTable>;
export type PlaceRow = Selectable<ReviewPlaceTable>;
export type EventRow = Selectable<ReviewEventTable>;

/** The review and all its places stay locked until the transaction ends. @throws Problem not-found. */
export async function lockReview(trx: Trx, siteId: string, id: string): Promise<ReviewRow> {
  const row = await trx
    .selectFrom('review')
    .selectAll()
    .where('id', '=', id)
    .where('site_id', '=', siteId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw new Problem('not-found');
  return row;
}

/** The places of each review, ordered by number, so the adjudicator's comes first. */
export async function placesOf(
  db: Db,
  reviewIds: readonly string[],
): Promise<ReadonlyMap<string, PlaceRow[]>> {
  if (reviewIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('review_place')
    .selectAll()
    .where('review_id', 'in', [...reviewIds])
    .orderBy('place')
    .execute();
  return Map.groupBy(rows, ({ review_id }) => review_id);
}

/** Events, oldest first. */
export async function eventsOf(db: Db, reviewId: string): Promise<EventRow[]> {
  return db
    .selectFrom('review_event')
    .selectAll()
    .where('review_id', '=', reviewId)
    .orderBy('position')
    .execute();
}

/** The events that hold the current decisions of these places. */
export async function decisionsOf(
  db: Db,
  places: readonly PlaceRow[],
): Promise<ReadonlyMap<string, EventRow>> {
  const ids = places.flatMap(({ decided_by_event }) => decided_by_event ?? []);
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('review_event')
    .selectAll()
    .where('review_id', 'in', [...new Set(places.map(({ review_id }) => review_id))])
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

const NOTHING = {
  place: null,
  version: null,
  by_account: null,
  to_account: null,
  decision: null,
  answers: null,
  sealed: null,
};

export async function insertEvent(
  trx: Trx,
  event: Pick<Insertable<ReviewEventTable>, 'review_id' | 'id' | 'step' | 'at'> &
    Partial<Insertable<ReviewEventTable>>,
): Promise<void> {
  await trx
    .insertInto('review_event')
    .values({ ...NOTHING, ...event })
    .execute();
}

/** Changes the place and increments its version. */
export async function updatePlace(
  trx: Trx,
  { review_id, place, version }: PlaceRow,
  changes: Partial<Omit<PlaceRow, 'review_id' | 'place' | 'version'>>,
): Promise<void> {
  await trx
    .updateTable('review_place')
    .set({ ...changes, version: version + 1 })
    .where('review_id', '=', review_id)
    .where('place', '=', place)
    .execute();
}

export async function insertPlaces(
  trx: Trx,
  reviewId: string,
  places: readonly { readonly place: number; readonly accountId: string | null }[],
  now: Date,
): Promise<void> {
  await trx
    .insertInto('review_place')
    .values(
      places.map(({ place, accountId }) => ({
        review_id: reviewId,
        place,
        version: 1,
        state: accountId === null ? ('open' as const) : ('assigned' as const),
        account_id: accountId,
        assigned_at: accountId === null ? null : now,
        decided_by_event: null,
        signed_at: null,
      })),
    )
    .execute();
}
